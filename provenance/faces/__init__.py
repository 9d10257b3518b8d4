"""What everything that is shown as a page has in common: text made safe, charts, colours, styles, templates."""
