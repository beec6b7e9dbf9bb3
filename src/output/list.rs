//! The rows of `dapr list` (list reference, section 8).

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::resources::Shown;
use super::table;
use super::time::{age, created};
use crate::error::Failure;
use crate::self_hosted::instances::Instance;

/// One instance as it is listed; the fields are the keys of the JSON form, in its order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    app_id: &'a str,
    http_port: u16,
    grpc_port: u16,
    app_port: u16,
    metrics_enabled: bool,
    command: String,
    age: String,
    created: String,
    daprd_pid: u32,
    cli_pid: u32,
    app_pid: u32,
    max_request_body_size: i64,
    http_read_buffer_size: i64,
    run_template_path: &'a str,
    app_log_path: &'a str,
    daprd_log_path: &'a str,
    run_template_name: &'a str,
}

const HEADERS: [&str; 13] = [
    "APP ID",
    "HTTP PORT",
    "GRPC PORT",
    "APP PORT",
    "COMMAND",
    "AGE",
    "CREATED",
    "DAPRD PID",
    "CLI PID",
    "APP PID",
    "RUN TEMPLATE PATH",
    "APP LOG PATH",
    "DAPRD LOG PATH",
];
/// Where the command stands.
const COMMAND: usize = 4;
/// The stock header of the last column, which has no spaces.
const NAME_HEADER: &str = "RUNTEMPLATENAME";
/// More columns of the wide table, whose commands are whole.
const WIDE: [&str; 4] = ["RUNTIME", "VERSION", "METRICS PORT", "READY"];

/// What `dapr list` prints for these instances, at this time in this zone.
pub fn render(
    instances: &[Instance],
    shown: Shown,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<String, Failure> {
    let rows: Vec<Row<'_>> = instances.iter().map(|instance| row(instance, now, zone)).collect();
    shown.format.render(&rows, || {
        if rows.is_empty() {
            return "No Dapr instances found.\n".to_owned();
        }
        let headers = [HEADERS.as_slice(), &[NAME_HEADER], if shown.wide { &WIDE } else { &[] }].concat();
        let mut cells: Vec<Vec<String>> = rows.iter().map(cells).collect();
        if shown.wide {
            for (cells, instance) in cells.iter_mut().zip(instances) {
                cells[COMMAND].clone_from(&instance.command);
                cells.extend(more(instance));
            }
        }
        table(&headers, &cells)
    })
}

fn row<'a>(instance: &'a Instance, now: Timestamp, zone: &TimeZone) -> Row<'a> {
    Row {
        app_id: &instance.app_id,
        http_port: instance.http_port,
        grpc_port: instance.grpc_port,
        app_port: instance.app_port,
        metrics_enabled: instance.metrics_enabled,
        command: shortened(&instance.command),
        age: age(instance.created, now),
        created: created(instance.created, zone),
        daprd_pid: instance.daprd.pid,
        cli_pid: instance.cli_pid,
        app_pid: instance.app_pid,
        max_request_body_size: instance.max_request_body_size,
        http_read_buffer_size: instance.http_read_buffer_size,
        run_template_path: &instance.run_template_path,
        app_log_path: &instance.app_log_path,
        daprd_log_path: &instance.daprd_log_path,
        run_template_name: &instance.run_template_name,
    }
}

fn cells(row: &Row<'_>) -> Vec<String> {
    vec![
        row.app_id.to_owned(),
        row.http_port.to_string(),
        row.grpc_port.to_string(),
        row.app_port.to_string(),
        row.command.clone(),
        row.age.clone(),
        row.created.clone(),
        row.daprd_pid.to_string(),
        row.cli_pid.to_string(),
        row.app_pid.to_string(),
        row.run_template_path.to_owned(),
        row.app_log_path.to_owned(),
        row.daprd_log_path.to_owned(),
        row.run_template_name.to_owned(),
    ]
}

/// The cells of the wide columns; empty where nobody knows.
fn more(instance: &Instance) -> [String; 4] {
    let is_measured = instance.metrics_enabled && instance.metrics_port > 0;
    [
        instance.runtime.map(|runtime| runtime.to_string()).unwrap_or_default(),
        instance.version.clone(),
        if is_measured { instance.metrics_port.to_string() } else { String::new() },
        instance.ready.map(|ready| if ready { "yes" } else { "no" }.to_owned()).unwrap_or_default(),
    ]
}

/// At most 20 bytes, the last three of which say that something is missing.
fn shortened(command: &str) -> String {
    if command.len() <= 20 {
        return command.to_owned();
    }
    let end = (0..=17).rev().find(|&index| command.is_char_boundary(index)).unwrap_or_default();
    format!("{}...", &command[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Format;
    use crate::records::{ProcessId, Runtime};

    const NOW: &str = "2026-11-24T10:00:30Z";

    fn instance(app_id: &str) -> Instance {
        Instance {
            app_id: app_id.into(),
            http_port: 3500,
            grpc_port: 50001,
            app_port: 8000,
            metrics_enabled: true,
            command: "uvicorn main:app --reload".into(),
            created: "2026-11-24T10:00:00Z".parse().unwrap(),
            daprd: ProcessId { pid: 11, started: 1 },
            cli_pid: 10,
            app_pid: 12,
            max_request_body_size: 4_194_304,
            http_read_buffer_size: 4096,
            ..Instance::default()
        }
    }

    fn render(instances: &[Instance], format: Format) -> String {
        shown(instances, Shown { format, wide: false })
    }

    fn shown(instances: &[Instance], shown: Shown) -> String {
        super::render(instances, shown, NOW.parse().unwrap(), &TimeZone::UTC).unwrap()
    }

    #[test]
    fn the_wide_table_has_four_columns_more_and_whole_commands() {
        let known = Instance {
            runtime: Some(Runtime::Embedded),
            version: "1.18.0".into(),
            metrics_port: 9091,
            ready: Some(false),
            ..instance("orders")
        };
        let stranger = Instance { metrics_enabled: false, command: "true".into(), ..instance("till") };
        let text = shown(&[known, stranger], Shown { format: Format::Table, wide: true });
        insta::assert_snapshot!(text.replace("  \n", "|\n"), @r"
        APP ID  HTTP PORT  GRPC PORT  APP PORT  COMMAND                    AGE  CREATED              DAPRD PID  CLI PID  APP PID  RUNTIME   VERSION  METRICS PORT  READY|
        orders  3500       50001      8000      uvicorn main:app --reload  30s  2026-11-24 10:00.00  11         10       12       embedded  1.18.0   9091          no   |
        till    3500       50001      8000      true                       30s  2026-11-24 10:00.00  11         10       12                                             |
        ");
    }

    #[test]
    fn the_table_has_the_stock_columns() {
        insta::assert_snapshot!(render(&[instance("orders")], Format::Table).replace("  \n", "|\n"), @r"
        APP ID  HTTP PORT  GRPC PORT  APP PORT  COMMAND               AGE  CREATED              DAPRD PID  CLI PID  APP PID|
        orders  3500       50001      8000      uvicorn main:app ...  30s  2026-11-24 10:00.00  11         10       12     |
        ");
        assert_eq!(render(&[], Format::Table), "No Dapr instances found.\n");
    }

    #[test]
    fn a_run_file_adds_its_columns() {
        let app = Instance {
            run_template_path: "/r/dapr.yaml".into(),
            run_template_name: "r".into(),
            ..instance("a")
        };
        let table = render(&[app], Format::Table);
        let header = table.lines().next().unwrap();
        assert!(header.ends_with("RUN TEMPLATE PATH  RUNTEMPLATENAME  "), "{header}");
    }

    #[test]
    fn json_has_all_keys_in_the_stock_order() {
        insta::assert_snapshot!(render(&[instance("orders")], Format::Json), @r#"
        [
          {
            "appId": "orders",
            "httpPort": 3500,
            "grpcPort": 50001,
            "appPort": 8000,
            "metricsEnabled": true,
            "command": "uvicorn main:app ...",
            "age": "30s",
            "created": "2026-11-24 10:00.00",
            "daprdPid": 11,
            "cliPid": 10,
            "appPid": 12,
            "maxRequestBodySize": 4194304,
            "httpReadBufferSize": 4096,
            "runTemplatePath": "",
            "appLogPath": "",
            "daprdLogPath": "",
            "runTemplateName": ""
          }
        ]
        "#);
        assert!(render(&[instance("orders")], Format::Json).ends_with("\n]"));
    }

    #[test]
    fn a_command_is_cut_between_characters() {
        assert_eq!(shortened("12345678901234567890"), "12345678901234567890");
        assert_eq!(shortened("1234567890123456äöüß"), "1234567890123456...");
    }
}
