"""Policies: rules that an audited dataset has to keep, as YAML that people write, override and waive.

`rules` is what a policy may say, `loading` reads files and packs and settles what they extend, `values` finds what a
rule is about in an audit, `evaluation` judges. Packs that ship are in ``packs/``.
"""
