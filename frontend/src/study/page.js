// The study page.
