/// How a test server ends before it is started again.
package enum ServerEnd: CaseIterable, Sendable {
    /// As an operator stops it: what runs is rolled back.
    case orderly
    /// As a crash ends it, with all its processes.
    case killed
}
