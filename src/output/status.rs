//! The rows of `dapr status`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::time::{age, created};
use super::{Format, table};
use crate::error::Failure;
use crate::self_hosted::status::Service;

/// One service as it is listed; the fields are the keys of the JSON form, in its order.
#[derive(Debug, Serialize)]
struct Row<'a> {
    name: &'a str,
    healthy: bool,
    version: &'a str,
    age: String,
    created: String,
    port: u16,
    image: &'a str,
}

const HEADERS: [&str; 5] = ["NAME", "HEALTHY", "VERSION", "AGE", "CREATED"];
/// More columns of the wide table.
const WIDE: [&str; 2] = ["PORT", "IMAGE"];

/// What `dapr status` prints for these services, at this time in this zone. `wide` is for the table.
pub fn render(
    services: &[Service],
    format: Format,
    wide: bool,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<String, Failure> {
    let rows: Vec<Row<'_>> = services.iter().map(|service| row(service, now, zone)).collect();
    format.render(&rows, || {
        let headers = [HEADERS.as_slice(), if wide { &WIDE } else { &[] }].concat();
        table(&headers, &rows.iter().map(|row| cells(row, wide)).collect::<Vec<_>>())
    })
}

fn row<'a>(service: &'a Service, now: Timestamp, zone: &TimeZone) -> Row<'a> {
    Row {
        name: &service.name,
        healthy: service.healthy,
        version: &service.version,
        age: service.created.map(|created| age(created, now)).unwrap_or_default(),
        created: service.created.map(|time| created(time, zone)).unwrap_or_default(),
        port: service.port,
        image: &service.image,
    }
}

fn cells(row: &Row<'_>, wide: bool) -> Vec<String> {
    let healthy = if row.healthy { "True" } else { "False" };
    let mut cells = [row.name, healthy, row.version, &row.age, &row.created].map(str::to_owned).to_vec();
    if wide {
        let port = if row.port == 0 { String::new() } else { row.port.to_string() };
        cells.extend([port, row.image.to_owned()]);
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(format: Format, wide: bool) -> String {
        let services = [
            Service { name: "daprd".into(), healthy: true, version: "1.18.0".into(), ..Service::default() },
            Service {
                name: "dapr_redis".into(),
                version: "6".into(),
                created: Some("2026-11-24T10:00:00Z".parse().unwrap()),
                port: 6379,
                image: "docker.io/redis:6".into(),
                ..Service::default()
            },
        ];
        let now = "2026-11-24T12:00:30Z".parse().unwrap();
        super::render(&services, format, wide, now, &TimeZone::UTC).unwrap().replace("  \n", "|\n")
    }

    #[test]
    fn the_wide_table_has_two_columns_more() {
        insta::assert_snapshot!(render(Format::Table, false), @"
        NAME        HEALTHY  VERSION  AGE  CREATED            |
        daprd       True     1.18.0                           |
        dapr_redis  False    6        2h   2026-11-24 10:00.00|
        ");
        insta::assert_snapshot!(render(Format::Table, true), @"
        NAME        HEALTHY  VERSION  AGE  CREATED              PORT  IMAGE            |
        daprd       True     1.18.0                                                    |
        dapr_redis  False    6        2h   2026-11-24 10:00.00  6379  docker.io/redis:6|
        ");
    }

    #[test]
    fn json_has_all_keys() {
        insta::assert_snapshot!(render(Format::Json, false), @r#"
        [
          {
            "name": "daprd",
            "healthy": true,
            "version": "1.18.0",
            "age": "",
            "created": "",
            "port": 0,
            "image": ""
          },
          {
            "name": "dapr_redis",
            "healthy": false,
            "version": "6",
            "age": "2h",
            "created": "2026-11-24 10:00.00",
            "port": 6379,
            "image": "docker.io/redis:6"
          }
        ]
        "#);
    }
}
