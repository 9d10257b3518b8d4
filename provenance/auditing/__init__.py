"""The audit: what datasets are made of, what measures find, and what a policy makes of both."""
