use clap::{ArgAction, value_parser};

use super::super::flags::{like_pflag, with_help};
use super::*;

fn tool() -> Command {
    let run = Command::new("run")
        .arg(Arg::new("app-id").short('a').long("app-id"))
        .arg(Arg::new("app-port").short('p').long("app-port").value_parser(value_parser!(i64)))
        .arg(Arg::new("timeout").long("timeout").value_parser(value_parser!(u32)))
        .arg(Arg::new("slim").short('s').long("slim").action(ArgAction::SetTrue))
        .arg(Arg::new("all").short('A').long("all").action(ArgAction::SetTrue))
        .arg(Arg::new("paths").long("paths").value_delimiter(',').action(ArgAction::Append))
        .arg(Arg::new("words").num_args(0..));
    let call = Command::new("call")
        .arg(Arg::new("method").short('m').long("method").required(true))
        .arg(Arg::new("app").long("app").required(true));
    let path = Arg::new("runtime-path").long("runtime-path").global(true);
    let parent = Command::new("parent").subcommand(Command::new("child"));
    with_help(Command::new("dapr").arg(path).subcommands([run, call, parent]))
}

fn words(line: &str) -> Vec<String> {
    std::iter::once("dapr").chain(line.split_whitespace()).map(str::to_owned).collect()
}

fn parse(line: &str) -> clap::ArgMatches {
    let matches = like_pflag(tool()).try_get_matches_from(words(line)).unwrap();
    matches.subcommand().unwrap().1.clone()
}

fn complaint(line: &str) -> String {
    let (root, words) = (tool(), words(line));
    let located = locate(&root, &words);
    let error = like_pflag(tool()).try_get_matches_from(&words).unwrap_err();
    explain(&error, &located.path, &words).unwrap().message
}

#[test]
fn flags_parse_as_in_pflag() {
    for line in
        ["run -p 5000", "run -p=5000", "run -p5000", "run --app-port=5000", "run -sp 5000", "run x -p 5000"]
    {
        assert_eq!(parse(line).get_one::<i64>("app-port"), Some(&5000), "{line}");
    }
    assert_eq!(parse("run --app-port -1").get_one::<i64>("app-port"), Some(&-1));
    assert_eq!(parse("run -a one -a two").get_one::<String>("app-id").unwrap(), "two");
    assert_eq!(parse("run -a --slim").get_one::<String>("app-id").unwrap(), "--slim");
    assert_eq!(parse("run --app-id=").get_one::<String>("app-id").unwrap(), "");
    let paths: Vec<String> = parse("run --paths a,b --paths c").remove_many("paths").unwrap().collect();
    assert_eq!(paths, ["a", "b", "c"]);
}

#[test]
fn switches_take_a_value_after_an_equals_sign_only() {
    let slim = |line: &str| *parse(line).get_one::<bool>("slim").unwrap();
    assert!(slim("run --slim") && slim("run -s") && slim("run --slim=T") && slim("run -As"));
    assert!(!slim("run") && !slim("run --slim=false") && !slim("run --slim --slim=0"));
    let matches = parse("run --slim app");
    assert_eq!(matches.get_one::<String>("words").unwrap(), "app");
}

#[test]
fn everything_after_two_dashes_is_a_word() {
    let words: Vec<String> = parse("run -s -- app --slim -- -p x").remove_many("words").unwrap().collect();
    assert_eq!(words, ["app", "--slim", "--", "-p", "x"]);
}

#[test]
fn surplus_words_are_ignored() {
    assert_eq!(parse("call --app a x -m m y").get_one::<String>("method").unwrap(), "m");
}

#[test]
fn complaints_are_the_stock_ones() {
    assert_eq!(complaint("run --aap-id x"), "unknown flag: --aap-id");
    assert_eq!(complaint("-- run"), "unknown command \"run\" for \"dapr\"");
    assert_eq!(complaint("run --no=x"), "unknown flag: --no");
    assert_eq!(complaint("run -sxy"), "unknown shorthand flag: 'x' in -xy");
    assert_eq!(complaint("run --app-id"), "flag needs an argument: --app-id");
    assert_eq!(complaint("run -p"), "flag needs an argument: 'p' in -p");
    assert_eq!(complaint("run -sp"), "flag needs an argument: 'p' in -p");
    assert_eq!(
        complaint("run -p x"),
        r#"invalid argument "x" for "-p, --app-port" flag: strconv.ParseInt: parsing "x": invalid syntax"#
    );
    assert_eq!(
        complaint("run --timeout 99999999999999999999"),
        r#"invalid argument "99999999999999999999" for "--timeout" flag: strconv.ParseUint: parsing "99999999999999999999": value out of range"#
    );
    assert_eq!(
        complaint("run --slim=maybe"),
        r#"invalid argument "maybe" for "-s, --slim" flag: strconv.ParseBool: parsing "maybe": invalid syntax"#
    );
    assert_eq!(complaint("call"), r#"required flag(s) "app", "method" not set"#);
    assert_eq!(complaint("call --app x"), r#"required flag(s) "method" not set"#);
}

#[test]
fn the_command_is_found_among_flags() {
    let root = tool();
    let names = |line: &str| {
        let located = locate(&root, &words(line));
        let path: Vec<_> = located.path.iter().map(|command| command.get_name().to_owned()).collect();
        (path.join(" "), located.unknown)
    };
    assert_eq!(names("--runtime-path call run -a call"), ("dapr run".into(), None));
    assert_eq!(names("--runtime-path=x parent child"), ("dapr parent child".into(), None));
    assert_eq!(names("parent nobody"), ("dapr parent".into(), Some("nobody".into())));
    assert_eq!(names("rnu"), ("dapr".into(), Some("rnu".into())));
    assert_eq!(names("-- run"), ("dapr".into(), None));
}

#[test]
fn help_is_no_complaint() {
    let (root, words) = (tool(), words("call -h"));
    let error = like_pflag(tool()).try_get_matches_from(&words).unwrap_err();
    assert_eq!(explain(&error, &locate(&root, &words).path, &words), None);
}

#[test]
fn an_unknown_command_asks_what_was_meant() {
    let root = tool();
    assert_eq!(
        unknown_command(&[&root], "rnu"),
        "Error: unknown command \"rnu\" for \"dapr\"\n\nDid you mean this?\n\trun\n\nRun 'dapr --help' for usage.\n"
    );
    assert_eq!(
        unknown_command(&[&root], "zzzzzz"),
        "Error: unknown command \"zzzzzz\" for \"dapr\"\nRun 'dapr --help' for usage.\n"
    );
}
