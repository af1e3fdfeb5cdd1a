"""Base templates, components, form widgets, built static files, error pages."""
