"""Registered models as links between what they were trained on and what they made."""
