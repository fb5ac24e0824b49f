"""A small city to measure: sun, lamps, bins and Wi-Fi, from a seed and the time alone.

Every `at(now_s)` takes seconds of one steady clock, never going back, and returns what is true
then; each call differs a little from the last, so that two answers can be told apart. `faults` is
what is wrong with one of them now, by name.
"""
