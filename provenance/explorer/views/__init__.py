"""What each address answers with; a module for each kind of page."""
