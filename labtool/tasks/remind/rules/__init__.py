"""Kinds of rules, one file each: `kind: flash-slides` is `flash_slides.py`.

A kind is a module with a model `Options`, derived from `_base.RuleOptions`: its fields are
what the YAML can say, `occasion` tells on which days it fires, and `plan` what is said then.
"""
