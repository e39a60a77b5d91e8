"""Who may do what: one function decides single acts, and the same policies, compiled to SQL, decide lists.

The policies are readable files in ``asepsis.knowledge.authorisation``, evaluated by Cedar. ``policies`` reads and
checks them, ``facts`` says who asks and on what, ``engine`` decides, ``conditions`` turns what is left of a policy once
the person is known into a condition on rows, ``explanation`` says why. None of these knows Django.
"""
