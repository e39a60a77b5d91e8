"""Sign-in by the hospital's own provider (OpenID Connect Core 1.0, authorization code with PKCE).

``groups`` reads the table of groups, ``client`` talks to the provider, ``id_token`` checks what it says of somebody,
``accounts`` finds the person and renews the roles, ``views`` leads there and back.
"""
