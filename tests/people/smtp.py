"""A real mail server for the tests: aiosmtpd, on a free port, with a Maildir for what it takes.

smtp.py MAILDIR plain|starttls|tls CERTIFICATE KEY [USER PASSWORD]
"""

import asyncio
import ssl
import sys

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP, AuthResult


async def main():
    maildir, security, certificate, key, *login = sys.argv[1:]
    options = {"hostname": "localhost"}
    context = None
    if security != "plain":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    if security == "starttls":
        options.update(tls_context=context, require_starttls=True)
    if login:
        expected = [part.encode() for part in login]

        def authenticate(server, session, envelope, mechanism, data):
            given = [data.login, data.password]
            return AuthResult(success=given == expected, handled=False)

        # Inside TLS from the first byte, the library does not see that there is TLS.
        options.update(authenticator=authenticate, auth_required=True,
                       auth_require_tls=security == "starttls")
    handler = Mailbox(maildir)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, **options), "127.0.0.1", 0,
        ssl=context if security == "tls" else None)
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
