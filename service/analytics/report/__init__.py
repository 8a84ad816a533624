"""A report of what ran here: figures out of the views, drawn for a terminal or as one page."""
