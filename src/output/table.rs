//! Tables in the stock form (output reference, section 4): left-aligned columns, two spaces after each cell,
//! no borders.

use unicode_width::UnicodeWidthStr;

/// Draws a table. Columns whose cells are all blank are left out, unless all of them are.
pub fn render(headers: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| collapse(cell)).collect()).collect();
    let blank = |column: usize| rows.iter().all(|row| row.get(column).is_none_or(String::is_empty));
    let mut columns: Vec<usize> = (0..headers.len()).filter(|&column| !blank(column)).collect();
    if columns.is_empty() {
        columns = (0..headers.len()).collect();
    }
    let head: Vec<String> = headers.iter().map(|name| name.to_uppercase().replace('_', " ")).collect();
    let lines: Vec<&Vec<String>> = std::iter::once(&head).chain(&rows).collect();
    let cell = |line: &Vec<String>, column: usize| line.get(column).cloned().unwrap_or_default();
    let widths: Vec<usize> = columns
        .iter()
        .map(|&column| lines.iter().map(|line| cell(line, column).width()).max().unwrap_or_default())
        .collect();
    let mut text = String::new();
    for line in &lines {
        let mut drawn = String::new();
        for (&column, &width) in columns.iter().zip(&widths) {
            let cell = cell(line, column);
            drawn.push_str(&cell);
            drawn.push_str(&" ".repeat(width - cell.width() + 2));
        }
        text.push_str(drawn.trim_start_matches(' '));
        text.push('\n');
    }
    text
}

/// White space of a cell as one space, none at its ends.
fn collapse(cell: &str) -> String {
    cell.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn columns_are_padded_to_their_width_and_blank_ones_dropped() {
        let rows = [row(&["a", "", "x  y\n z"]), row(&["日本", " ", "w"])];
        let text = render(&["app_id", "gone", "command"], &rows);
        assert_eq!(text, "APP ID  COMMAND  \na       x y z    \n日本    w        \n");
    }

    #[test]
    fn without_rows_all_headers_stay() {
        assert_eq!(render(&["a", "b"], &[]), "A  B  \n");
    }

    #[test]
    fn a_line_never_starts_with_a_space() {
        let rows = [row(&["", "x"]), row(&["a", "y"])];
        assert_eq!(render(&["A", "B"], &rows), "A  B  \nx  \na  y  \n");
    }
}
