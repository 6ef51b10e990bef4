"""One module a step; :mod:`steps.tracks` lists which of them, in which reading order, make a stack.

Each module teaches in its docstring and acts in plain functions: ``check`` only reads, ``do`` makes it true,
``undo`` removes only what is ours. What a step learns is its *fact*, a frozen dataclass that later steps ask for
by naming its type in their signatures; or a type of several facts, such as :class:`steps.roles.PublicEndpoint`.
"""
