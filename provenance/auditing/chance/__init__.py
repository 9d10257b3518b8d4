"""What chance alone makes of a difference: deals of rows to two groups, p-values, and many rules judged together.

Nothing here knows of texts or datasets: rows are numbers, labels say which of them are compared.
"""
