// The studies list.
import "./app.js";
