import KindTesting
import SegmentModel

/// What random SQL is made of.
enum Lexicon {
    /// Words that change how a string behind them is read, somewhere.
    static let prefixes = [
        "E", "e", "U&", "u&", "U", "N", "n", "B", "b", "X", "x", "_latin1", "_utf8mb4", "_binary",
        "_utf8mb3", "_ucs2", "_gbk", "q", "Q", "nq", "NQ", "DATE", "TIMESTAMP", "INTERVAL", "R",
        "c", "_x", "binary",
    ]

    static func ownPrefixes(_ rules: SQLRules) -> [String] {
        switch rules.kind {
        case .postgresql: ["E", "e", "E", "U&", "text "]
        case .mysql: ["_utf8mb4", "_binary", "_utf8mb4 ", "_latin1", "N", "n"]
        case .mssql: ["N", "N", "n"]
        case .oracle: ["N", "n", "q", "nq"]
        default: [""]
        }
    }

    /// Between two tokens; the last ones are nothing to SQL and something to the template.
    static let separators = [
        " ", "\n", "\t", "/**/", "/* ' */", "-- c\n", "-- it's\n", "# c\n", "#c\n", "// it's\n",
        "\r\n", " \n ",
        "{if $lead.k}{end}", "{if $lead.z}x{end}", "{for $q = $lead.z}'{end}",
        "{if $lead.k}/**/{end}", "/* {{ */", "",
    ]

    /// In quotes, wherever they stand.
    static let bodies = [
        "a", "Z", "0", "4a", "n", "x", "41", "'", " ", "é", "日", "--", "-- ", "#", "# ", "/*", "*/",
        "//", "/*!", ";", "$$", "$a$", "`", "[", "]", "{{", "%", "_", "?", ":a", "@b", "\n", "\r\n",
        "&",
        "||", "‘", "”", "\u{A0}", "縗", "ソ",
    ]

    /// Escapes, whole and unfinished: `string` decides what they are.
    static let escapes = [
        "\\\\", "\\n", "\\x", "\\x4", "\\x41", "\\1", "\\12", "\\101", "\\0", "\\u", "\\u00",
        "\\u0041", "\\U0000", "\\N", "\\c", "\\", "\\+00", "\\+000041", "\\%", "\\_", "\\e", "\\b",
        "\\\n", "\\a", "\\00", "\\004", "\\'", "\\\\\\", "\\\"",
    ]

    static let texts = [
        "{$lead.v}", "{$lead.v}", "{$lead.v}", "{$lead.v}", "{$lead.w}", "{$lead.w}", "{lead.v}",
        "{$lead.id}", "{segment_name}", "{$lead.\"\u{E9}\"}", "{$lead.\"e\u{301}\"}", "{$lead.o.a}",
        "{$lead.l.0}", "{upper($lead.v)}",
        "{concat($lead.v \"'\" $lead.w)}", "{replace($lead.v \"'\" \"\\\\\")}",
        "{default($lead.z \"it's\")}", "{trim($lead.v)}", "{substring($lead.v 1 400)}",
        "{json($lead.l)}", "{json($lead.v)}", "{first($lead.l)}", "{sha256($lead.v)}",
    ]

    static let numbers = ["{$lead.n}", "{$lead.n}", "{$lead.m}", "{number($lead.n)}"]

    /// Values that are the same, whatever the profile's others are.
    static let constants = [
        "{$lead.b}", "{$lead.z}", "{$lead.y}", "{date($lead.d)}", "{segment_id}", "{event_time}",
        "{integration_name}", "{position}",
    ]

    static let symbols = [
        "'", "\"", "`", "[", "]", "$", "$$", "\\", ";", ",", "(", ")", "-", "--", "//", "/*", "*/",
        "#", "‘", "”", ".", ":", "@", "::text", "&", "e", "E", "N", "x", "0", "_", " ", "\n", "{{",
        "''", "\"\"",
        "]]", "/**/", "{$lead.v}", "{$lead.n}", "{if $lead.k}{end}",
    ]

    static let emptyBlocks = [
        "{if $lead.k}{end}", "{if $lead.z}x{end}", "{if $lead.z}'{end}", "{for $q = $lead.z}]{end}",
        "{if not $lead.k}a{end}", "{for $q = $lead.z}{end}",
    ]
}
