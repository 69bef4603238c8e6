/// Why a test server is not there, as a sentence.
package struct ServerProblem: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}
