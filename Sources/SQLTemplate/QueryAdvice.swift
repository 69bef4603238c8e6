internal import SegmentModel

/// What is legal in a query and probably unwise, and what a query may not do at all.
struct QueryAdvice {
    private static let clocks: Set<String> = [
        "NOW", "CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "LOCALTIME", "CURRENT_DATE", "CURRENT_TIME",
        "SYSDATE", "SYSTIMESTAMP", "GETDATE", "GETUTCDATE", "SYSDATETIME", "SYSUTCDATETIME",
        "SYSDATETIMEOFFSET", "CURDATE", "CURTIME", "UTC_TIMESTAMP", "UTC_DATE", "UTC_TIME",
        "CLOCK_TIMESTAMP", "STATEMENT_TIMESTAMP", "TRANSACTION_TIMESTAMP", "NOW64", "TODAY",
        "UNIX_TIMESTAMP",
    ]
    let dialect: SQLDialect
    let use: QueryUse
    let template: SplitTemplate

    func run(_ statements: [QueryStatement], _ diagnostics: inout Diagnostics) {
        for statement in statements {
            transaction(statement, &diagnostics)
            setting(statement, &diagnostics)
            definition(statement, &diagnostics)
            clock(statement, &diagnostics)
            repeats(statement, &diagnostics)
            ignoring(statement, &diagnostics)
            forms(statement, &diagnostics)
            segment(statement, &diagnostics)
        }
    }

    private func place(_ offset: Int) -> Int { template.sourceOffset(ofLiteral: offset) }

    private func hasWord(_ statement: QueryStatement, _ words: Set<String>) -> Bool {
        statement.words.contains { words.contains($0.text) }
    }

    // MARK: What a query may not do

    private func transaction(_ statement: QueryStatement, _ diagnostics: inout Diagnostics) {
        let second = statement.words.dropFirst().first?.text
        let isRefused: Bool =
            switch statement.verb {
            case "COMMIT", "ABORT": true
            case "ROLLBACK": second != "TO"
            case "START": second == "TRANSACTION"
            case "BEGIN": !dialect.hasBlocks || ["TRAN", "TRANSACTION"].contains(second)
            case "END": !dialect.hasBlocks
            default: false
            }
        guard isRefused, dialect.hasTransactions else { return }
        diagnostics.error(
            "transaction", at: place(statement.offset),
            "a query cannot begin or end a transaction: it runs inside of its delivery's own",
            hint: "take \(statement.verb) away")
    }

    /// What a template was checked against must still hold when its SQL is read.
    private func setting(_ statement: QueryStatement, _ diagnostics: inout Diagnostics) {
        guard let change = statement.sessionChange else { return }
        let stated = dialect.settingNames.first { change.name.hasSuffix($0.uppercased()) }
        diagnostics.error(
            "setting", at: place(change.offset),
            "a query cannot change the settings of its session (\(change.name)), which its values "
                + "are read by",
            hint: stated.map { "state \($0) under the connector's settings" }
                ?? dialect.sessionRules.hint(change))
    }

    // MARK: What is unwise

    private func definition(_ statement: QueryStatement, _ diagnostics: inout Diagnostics) {
        guard statement.isDataDefinition, dialect.commitsDefinitions else { return }
        let instead =
            statement.verb == "TRUNCATE"
            ? "write DELETE FROM … instead" : "run \(statement.verb) once, outside of the query"
        diagnostics.warning(
            "implicit_commit", at: place(statement.offset),
            "\(statement.verb) commits at once on \(dialect.title), so that the delivery is no "
                + "longer exactly once",
            hint: instead)
    }

    private func clock(_ statement: QueryStatement, _ diagnostics: inout Diagnostics) {
        guard use.query != .members,
            let word = statement.words.first(where: { Self.clocks.contains($0.text) })
        else { return }
        diagnostics.warning(
            "clock", at: place(word.offset),
            "\(word.text) is another moment when the query runs again, as in a resync or after a "
                + "lost reply",
            hint: "write {event_time}, the time of the event")
    }

    private func repeats(_ statement: QueryStatement, _ diagnostics: inout Diagnostics) {
        guard use.query == .addProfiles || use.query == .saveSegment, statement.verb == "INSERT",
            !statement.settlesRepeats, !hasWord(statement, ["SELECT"])
        else { return }
        let table = statement.table.last?.text ?? "the table"
        diagnostics.warning(
            "repeat", at: place(statement.offset),
            "an INSERT without a rule for a key that is there already fails or doubles rows when "
                + "the same profile is added again",
            hint: dialect.repeatHint(table))
    }

    /// What makes errors about a row's values warnings, or leaves the row out.
    private func ignoring(_ statement: QueryStatement, _ diagnostics: inout Diagnostics) {
        guard let ignoring = dialect.advice.ignoring,
            statement.verb == "INSERT" || statement.verb == "UPDATE",
            let word = statement.words.prefix(4).first(where: { $0.text == "IGNORE" })
        else { return }
        let column = statement.insertedColumns.first?.text ?? "a"
        let end = statement.verb == "INSERT" ? " and end with " + ignoring.instead(column) : ""
        diagnostics.warning(
            "ignore", at: place(word.offset), ignoring.effect,
            hint: "take \(ignoring.words) away\(end)")
    }

    /// What the database cannot parse, or reads as something else.
    private func forms(_ statement: QueryStatement, _ diagnostics: inout Diagnostics) {
        for (form, offset) in statement.forms {
            if let lack = dialect.lack(of: form) {
                diagnostics.add(
                    lack.severity, "dialect", at: place(offset), lack.message, hint: lack.hint)
            }
            if form == .valueRows, case .batch(let size) = use.batch,
                let max = dialect.valueRowCountMax, size > max
            {
                diagnostics.error(
                    "dialect", at: place(offset),
                    "\(dialect.title) takes \(max) rows behind VALUES, and a batch has up to "
                        + "\(size)",
                    hint: "give the integration batch: { size: \(max) }")
            }
        }
    }

    /// A query that is run for one segment and reaches the rows of all.
    private func segment(_ statement: QueryStatement, _ diagnostics: inout Diagnostics) {
        let verbs: Set<String> =
            use.query == .members
            ? ["SELECT"] : ["DELETE", "UPDATE", "TRUNCATE", "DROP", "ALTER"]
        guard verbs.contains(statement.verb), !use.coversOneSegment, !statement.namesSegment,
            !diagnostics.hasErrors
        else { return }
        let table = statement.table.last?.text ?? "the table"
        diagnostics.warning(
            "segment", at: place(statement.offset),
            "\(use.query.rawValue) does not name the segment, so that it reaches the rows of "
                + "other segments as well",
            hint: "compare the column of \(table) that holds the segment with {segment_id}, or "
                + "give the integration a scope of one segment: segments: { ids: [1] }")
    }

    // MARK: Loops

    /// A loop over the batch that writes tuples needs commas between them, and none behind the
    /// last.
    static func loops(
        _ program: Program, _ offsets: [Int], _ diagnostics: inout Diagnostics
    ) {
        for (start, instruction) in program.instructions.enumerated() {
            guard case .loopBatch(let frame, let end) = instruction, end > start + 1 else {
                continue
            }
            let body = program.instructions[(start + 1)..<(end - 1)]
            let hasAutocomma = body.contains {
                if case .autocomma(frame) = $0 { true } else { false }
            }
            guard !hasAutocomma, case .text(let first)? = body.first,
                case .text(let last)? = body.last(where: { !isBlockEnd($0) })
            else { continue }
            let opening = program.literals[first].first { !SQLLexer.isSpace($0) }
            let closing = program.literals[last].last { !SQLLexer.isSpace($0) }
            guard opening == UInt8(ascii: "(") else { continue }
            if closing == UInt8(ascii: ")") {
                diagnostics.warning(
                    "autocomma", at: offsets[start],
                    "the rows of this loop have no comma between them",
                    hint: "write {autocomma} before its {end}")
            } else if closing == UInt8(ascii: ",") {
                diagnostics.warning(
                    "autocomma", at: offsets[start],
                    "the last row of this loop is followed by a comma",
                    hint: "write {autocomma} instead of the comma")
            }
        }
    }

    private static func isBlockEnd(_ instruction: Instruction) -> Bool {
        if case .blockEnd = instruction { true } else { false }
    }
}
