internal import SQLTemplate

extension CodeIndex {
    /// Where SQLite reads a string as SQL, or reaches outside of the database.
    static let sqlite: CodeIndex = {
        var rules = CodeRules()
        rules.hint = "write the statement itself"
        rules.functionsTakeExpressions = true
        rules.statements = [
            .init(
                "ATTACH", hint: "name the file as a connector of its own",
                source: "https://sqlite.org/lang_attach.html"),
            .init(
                "VACUUM", hint: "run it outside of the query",
                source: "https://sqlite.org/lang_vacuum.html"),
            .init(
                "PRAGMA", hint: "state it under the connector's settings",
                source: "https://sqlite.org/pragma.html"),
        ]
        let once = "create it once, outside of the query"
        rules.definitions = ["TRIGGER", "VIEW", "VIRTUAL"].map {
            .init($0, hint: once, source: "https://sqlite.org/lang.html")
        }
        rules.functions =
            ["LOAD_EXTENSION"].map { .init($0, source: "https://sqlite.org/lang_corefunc.html") }
            + ["EVAL"].map { .init($0, source: "https://sqlite.org/src/file/ext/misc/eval.c") }
            + ["READFILE", "WRITEFILE", "EDIT"].map {
                .init($0, source: "https://sqlite.org/cli.html")
            }
        return CodeIndex(rules)
    }()
}
