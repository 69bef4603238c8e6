extension BanRule {
    /// Files that name kinds as examples: what is measured, and what the demonstration writes to.
    static let kindExamples: Set<String> = [
        "Sources/CommandLineInterface/Bench+Delivery.swift",
        "Sources/CommandLineInterface/Bench+Lanes.swift",
        "Sources/CommandLineInterface/Bench+Render.swift",
        "Sources/CommandLineInterface/BenchTarget.swift",
        "Sources/CommandLineInterface/DemoCommand.swift",
    ]

    /// For every file but those of the adapters.
    static let kindRule = BanRule(
        name: "a kind of database", instead: "a fact that its adapter states (ConnectorFactory)",
        isBroken: { code, line in
            // A kind as a member stands in code, its name in a string.
            code.contains(/(^|[^\w)\]])\.(postgresql|mysql|mssql|oracle|clickhouse|sqlite)\b/)
                || !code.allSatisfy(\.isWhitespace) && isKindText(line)
        },
        appliesTo: { !kindExamples.contains($0.path) })

    static func namesKind(_ line: String) -> Bool { isKindText(line) }

    private static func isKindText(_ line: String) -> Bool {
        line.contains(/"(postgresql|mysql|mssql|oracle|clickhouse|sqlite)"/)
    }
}
