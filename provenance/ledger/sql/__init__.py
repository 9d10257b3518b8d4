"""The SQL that users write: its views, what guards them, and how a question is asked."""
