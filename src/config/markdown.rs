//! The manual's page of settings.

use super::{Config, Setting};

/// The page, in Markdown.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Settings\n\n\
         <!-- Written by `weft config --markdown`; change the declarations in src/config/settings \
         instead. -->\n\n\
         None has to be set. The configuration is the file that `--config` names, or the variable \
         `WEFT_CONFIG`, or `weft.toml` beside the program, or `/etc/weft/weft.toml`: the first of \
         them. `weft config` prints a whole one to begin with, `weft config --check` says what is \
         wrong with yours.\n\n\
         A setting `engine` of the section `[storage]` is called `storage.engine` here. An \
         environment variable wins over the file, an option of the command line over both. Times \
         are `\"30s\"`, `\"5min\"`, `\"12h\"`, `\"7d\"` or a number of seconds; sizes are \
         `\"64 KiB\"`, `\"32 MiB\"` or a number of bytes; relative paths start at the folder of the \
         file.\n",
    );
    for section in Config::SECTIONS {
        page += &format!("\n## [{}]\n\n{}\n\n", section.name, sentence(section.doc));
        page += "| Setting | Default | What it does |\n| --- | --- | --- |\n";
        page.extend(section.settings.iter().map(row));
    }
    page += "\n## [[host]]\n\n\
        Other settings for some of the names by which browsers call this server, as the legacy PHP \
        server chose its database by `HTTP_HOST`:\n\n\
        ```toml\n\
        [[host]]\n\
        names = [\"sync1.example.com\", \"sync2.example.com\"]\n\
        mysql.write.host = \"shard-a.example.com\"\n\
        quota.bytes = \"50 MB\"\n\
        ```\n\n\
        Everything else is as outside, and other hosts have only what is outside. A name with a port \
        goes before one without. Settings of the process (`[data]`, `[log]`, most of `[server]`) can't \
        differ. Equal databases share their connections. What stands in `[[host]]` wins over the \
        environment.\n";
    page
}

fn row(setting: &Setting) -> String {
    let php = match setting.php {
        Some(constant) => format!(" In PHP: `{constant}`."),
        None => String::new(),
    };
    let secret = if setting.secret { " Secret." } else { "" };
    format!(
        "| `{}`<br>`{}` | `{}` | {} Takes {}.{secret}{php} |\n",
        setting.name,
        setting.variable(),
        setting.default_value(),
        sentence(setting.doc),
        setting.expects(),
    )
}

fn sentence(doc: &[&str]) -> String {
    let lines: Vec<&str> = doc.iter().map(|line| line.trim()).collect();
    lines.join(" ")
}
