/// What a query's check found, at a line and column of its template, both from 1.
package struct QueryFault: Hashable, Sendable {
    package var line: Int
    package var column: Int
    package var rule: String
    package var hint: String?

    package init(line: Int, column: Int, rule: String, hint: String? = nil) {
        self.line = line
        self.column = column
        self.rule = rule
        self.hint = hint
    }
}
