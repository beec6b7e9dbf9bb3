//! What nobody should read over somebody's shoulder: values that are called like secrets, in the environment and on the
//! command line of an app.

use crate::resources::MASK;

/// Parts of names, between underscores and the like, whose values are secrets.
const WORDS: [&str; 22] = [
    "pass",
    "passwd",
    "password",
    "passphrase",
    "pwd",
    "secret",
    "secrets",
    "token",
    "tokens",
    "key",
    "keys",
    "apikey",
    "credential",
    "credentials",
    "auth",
    "authorization",
    "bearer",
    "cookie",
    "dsn",
    "private",
    "salt",
    "signature",
];
/// The same, wherever they stand.
const ANYWHERE: [&str; 7] =
    ["password", "secret", "token", "apikey", "accesskey", "connectionstring", "credential"];
/// Shorter values are too common to be looked for elsewhere.
const LONG: usize = 8;

/// Whether a value of this name is hidden.
pub fn is_secret(name: &str) -> bool {
    // The directory that one works in, and the one before.
    if matches!(name, "PWD" | "OLDPWD") {
        return false;
    }
    let lower = name.to_ascii_lowercase();
    let joined = lower.replace(|c: char| !c.is_alphanumeric(), "");
    lower.split(|c: char| !c.is_alphanumeric()).any(|part| WORDS.contains(&part))
        || ANYWHERE.iter().any(|word| joined.contains(word))
}

/// A value without what is secret in it, whatever its name is: passwords of URLs, private keys.
pub fn harmless(value: &str) -> String {
    if value.contains("-----BEGIN") {
        return MASK.into();
    }
    let mut shown = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let end = after.find(|c: char| matches!(c, '/' | '?' | '#' | ',' | ';') || c.is_whitespace());
        let (authority, left) = after.split_at(end.unwrap_or(after.len()));
        match authority.rsplit_once('@') {
            Some((user, host)) => {
                // What stands alone there is a token as often as a name.
                shown.push_str(user.split_once(':').map_or("", |(user, _)| user));
                shown.push(':');
                shown.push_str(MASK);
                shown.push('@');
                shown.push_str(host);
            }
            None => shown.push_str(authority),
        }
        rest = left;
    }
    shown.push_str(rest);
    shown
}

/// A command line, words joined by spaces, without the values of flags that are called like secrets.
pub fn command(text: &str) -> String {
    let mut hides = false;
    let words = text.split(' ').map(|word| {
        let was = std::mem::take(&mut hides);
        match word.strip_prefix('-') {
            Some(_) => match word.split_once('=') {
                Some((name, _)) if is_secret(name) => format!("{name}={MASK}"),
                Some(_) => harmless(word),
                None => {
                    hides = is_secret(word);
                    word.to_owned()
                }
            },
            None if was => MASK.to_owned(),
            None => match word.split_once('=') {
                // `TOKEN=... command`, as shells have it.
                Some((name, value)) if is_secret(name) && !value.is_empty() => format!("{name}={MASK}"),
                _ => harmless(word),
            },
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Pairs by name, without what is secret: neither under its own name nor, when it is long, inside another value.
pub fn pairs(all: Vec<(String, String)>) -> Vec<(String, String)> {
    let secrets: Vec<String> = all
        .iter()
        .filter(|(name, value)| is_secret(name) && value.len() >= LONG)
        .map(|(_, value)| value.clone())
        .collect();
    let mut shown: Vec<(String, String)> = all
        .into_iter()
        .map(|(name, value)| {
            if is_secret(&name) && !value.is_empty() {
                return (name, MASK.into());
            }
            let value = secrets.iter().fold(value, |value, secret| value.replace(secret.as_str(), MASK));
            (name, harmless(&value))
        })
        .collect();
    shown.sort_unstable();
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known() {
        let secret = [
            "DAPR_API_TOKEN",
            "APP_API_TOKEN",
            "OPENAI_API_KEY",
            "AWS_SECRET_ACCESS_KEY",
            "PGPASSWORD",
            "DB_PASS",
            "--dapr-api-token",
            "GitHubToken",
            "SESSION_COOKIE",
            "SENTRY_DSN",
            "azureConnectionString",
        ];
        for name in secret {
            assert!(is_secret(name), "{name}");
        }
        for name in ["PATH", "PWD", "HOME", "DAPR_HTTP_PORT", "KEYBOARD", "AUTHOR", "COMPASS", "--app-port"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn passwords_of_urls_are_hidden() {
        let cases = [
            ("postgres://u:p@h:5432/db?x=1", "postgres://u:••••••@h:5432/db?x=1"),
            ("redis://:p@ss@h,redis://h2", "redis://:••••••@h,redis://h2"),
            ("https://token@github.com/x", "https://:••••••@github.com/x"),
            ("http://localhost:3500/a@b", "http://localhost:3500/a@b"),
            ("plain", "plain"),
        ];
        for (value, shown) in cases {
            assert_eq!(harmless(value), shown);
        }
        assert_eq!(harmless("-----BEGIN PRIVATE KEY-----\nabc"), MASK);
    }

    #[test]
    fn commands_keep_everything_else() {
        let text = "python app.py --token abc --api-key=def --port 80 SECRET=x --url http://u:p@h/ key";
        let shown = "python app.py --token •••••• --api-key=•••••• --port 80 SECRET=•••••• --url http://u:••••••@h/ key";
        assert_eq!(command(text), shown);
    }

    #[test]
    fn a_secret_is_hidden_inside_other_values_too() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let all = vec![
            pair("HEADERS", "x-token: 0123456789"),
            pair("API_TOKEN", "0123456789"),
            pair("EMPTY_TOKEN", ""),
            pair("A", "b"),
        ];
        let shown = [
            pair("A", "b"),
            pair("API_TOKEN", MASK),
            pair("EMPTY_TOKEN", ""),
            pair("HEADERS", &format!("x-token: {MASK}")),
        ];
        assert_eq!(pairs(all), shown);
    }
}
