"""Attacks on the page, the command line and their files, as a stranger would make them: ``make attack`` runs them all.

Everything happens on this machine, is made from a seed, is bounded in number and time, and stops by itself.
"""
