/// What reads rendered statements: a database, or a tokenizer.
protocol StatementReader: AnyObject {
    /// Of the statements of one rendering; several where each member has its own.
    func outcome(of statements: [[UInt8]], _ frame: TriedTemplate.Frame) async throws -> Outcome
    /// Whether nothing was changed that no statement may change.
    func isWhole() async throws -> Bool
    /// Makes whole again.
    func makeTables() async throws
    func close() async
}
