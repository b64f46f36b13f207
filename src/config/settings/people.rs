//! `[mail]`, `[captcha]` and `[nodes]`: what goes with having accounts.

use crate::config::declare::section;
use crate::config::value::{FilePath, RootUrl, Secret, choices};
use std::time::Duration;

choices! {
    /// The way out for letters.
    MailTransport {
        /// There is none.
        None = "none",
        /// An SMTP server.
        Smtp = "smtp",
        /// The machine's own program.
        Sendmail = "sendmail",
    }
}

choices! {
    /// How the way to the SMTP server is kept from other eyes.
    MailSecurity {
        /// TLS from the first byte on.
        Tls = "tls",
        /// TLS after a plain greeting.
        StartTls = "starttls",
        /// Not at all.
        None = "none",
    }
}

choices! {
    /// What tells people from programs.
    CaptchaKind {
        /// Nothing.
        None = "none",
        /// A picture of digits.
        Image = "image",
        /// Somebody's service.
        SiteVerify = "siteverify",
    }
}

section! {
    /// Letters to users who forgot their passwords. They carry a link to this server, so
    /// `server.public_url` must be set too: the address in a request can be forged, and a link made
    /// from it would hand the account over. "weft mail test ADDRESS" tries it all.
    "mail" in mail: Mail {
        /// The way out: `"none"`; `"smtp"` is a mail server; `"sendmail"` the machine's own program,
        /// which is the way on most shared hosts.
        transport: MailTransport = MailTransport::None;

        /// Who letters are from: `"sync@example.org"` or `"Sync <sync@example.org>"`.
        sender: String = String::new();

        /// The name of the SMTP server, by which its certificate is checked.
        server: String = String::new();

        /// Its port; 0 is the usual one: 465 for `"tls"`, 587 for `"starttls"`, 25 for `"none"`.
        port: Option<u16> = None;

        /// How the way there is kept from other eyes: `"tls"` from the first byte on; `"starttls"`
        /// after a plain greeting, and no letter if the server offers none; `"none"` not at all.
        security: MailSecurity = MailSecurity::Tls;

        /// The name for the SMTP server's login; `""` is no login.
        user: String = String::new();

        /// The password for it.
        password: Secret = Secret::default();

        /// A file of certificates (PEM) that are trusted for the SMTP server beside the system's, for a
        /// server with a certificate of its own making.
        ca_file: Option<FilePath> = None;

        /// The program that takes letters.
        sendmail: FilePath = FilePath("/usr/sbin/sendmail".into());

        /// How long to wait for the mail server at each step.
        timeout: Duration = Duration::from_secs(5),
            in Duration::from_secs(1)..=Duration::from_secs(60);

        /// Whom users are to ask who forgot their password where no mail is set up, as it is to be
        /// shown to them: `"Ada, ada@example.org"`.
        contact: String = String::new();

        /// Answers a wish for a letter alike whether there is such a user or not. The sign-up of
        /// browsers tells that anyway, name by name.
        same_answer: bool = false;
    }
}

section! {
    /// What tells people from programs when somebody signs up.
    "captcha" in captcha: Captcha {
        /// `"none"`; `"image"` is a picture of digits that this server makes and checks by itself;
        /// `"siteverify"` is a service that speaks the form of that name, as reCAPTCHA, hCaptcha and
        /// Turnstile do, and needs their script in the browser, which old browsers may not run.
        kind: CaptchaKind = CaptchaKind::None;

        /// Where the service checks answers: `"https://hcaptcha.com/siteverify"`.
        verify_url: String = String::new();

        /// The service's secret key for this site.
        secret: Secret = Secret::default();

        /// The service's public key for this site.
        site_key: String = String::new();

        /// The service's script: `"https://js.hcaptcha.com/1/api.js"`.
        script: String = String::new();

        /// The class by which the script finds its place: `"h-captcha"`, `"g-recaptcha"`,
        /// `"cf-turnstile"`.
        widget: String = "g-recaptcha".to_owned();

        /// The field that the script adds to the form: `"h-captcha-response"`,
        /// `"g-recaptcha-response"`, `"cf-turnstile-response"`.
        response_field: String = "g-recaptcha-response".to_owned();

        /// How long to wait for the service.
        timeout: Duration = Duration::from_secs(5),
            in Duration::from_secs(1)..=Duration::from_secs(60);
    }
}

section! {
    /// Several servers that share accounts, each with the records of some users. The list of them is
    /// made with "weft node"; `api.node = "assign"` gives each new user one of them.
    "nodes" in nodes: Nodes {
        /// The URL of this server among them; `""` is `server.public_url`.
        own: Option<RootUrl> = None;

        /// Refuses users whose records are on another node; their browsers then ask where they are.
        check: bool = false;
    }
}
