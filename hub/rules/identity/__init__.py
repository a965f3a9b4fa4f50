"""Scored matching of records (Fellegi and Sunter): what is compared, how much it weighs, which pairs are looked at.

Pure: no database, no clock. A score depends on the features of the pair and on the model file alone.
"""
