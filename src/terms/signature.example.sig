proviso-terms-signature/v1
party supplier
terms restricted-use 1.2.0
sha256 abababababababababababababababababababababababababababababababab
at 2026-03-01T09:30:00.000Z
meaning agrees that these terms come into force
releases cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd no-force,no-mass-surveillance

— supplier.example/terms ePz144WEGMqS2tWd5VXbaa6H0G3CCPqxuaIfxeMuY1zAE/6dJUjdVJGDpDNozGWzGPj6ZHIw8YlrKHQacLy1TerUJgE=
