"""Tables and figures of the papers, and kiqa's own: one module each.

``python -m kiqa.reproduce`` lists the names.
"""
