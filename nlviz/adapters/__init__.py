"""Other people's attention modules as blocks of the house, by the names of their weights, or live by class name and attributes.

May import blocks and maps; torch alone.
"""
