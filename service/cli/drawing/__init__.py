"""Draws graphs; it brings a drawing library along, so it is imported only for a picture.

`picture` says what is drawn, `layout` where, `sheet` puts its `shapes` on paper, and `lettering`
knows what texts take.
"""
