import Testing

@Suite("The numbered promises")
struct PromiseTests {
    /// Promises that no test keeps yet. May only shrink.
    static let untested: Set<Int> = []

    @Test("docs/ARCHITECTURE.md numbers ten promises")
    func promisesAreListed() throws {
        let page = Markdown(text: try Repository.text("docs/ARCHITECTURE.md"))
        #expect(page.firstColumnCodes.isSuperset(of: (1...10).map { "INV-\($0)" }))
    }

    @Test("every promise stands in the name of a test")
    func promisesAreTested() throws {
        let tests = try Repository.swiftFiles(in: "Tests").filter { $0.target != "StyleTests" }
        let tested = promises(namedIn: tests.map { $0.lines.joined(separator: "\n") })
        let missing = Set(1...10).subtracting(tested).subtracting(Self.untested)
        #expect(missing == [], "no test is named for these promises")
        #expect(Self.untested.intersection(tested) == [], "tested: take them off the list")
    }

    @Test("only names of tests count, wherever the number stands in them")
    func namesCount() {
        let text = """
            // INV-1
            @Test("INV-3: a torn tail is cut")
            @Test(
                "a rebuild is equal (INV-5, INV-10)", arguments: [1])
            let x = "INV-2"
            """
        #expect(promises(namedIn: [text]) == [3, 5, 10])
    }
}

/// Numbers of the promises that stand in the names of tests and suites.
private func promises(namedIn texts: [String]) -> Set<Int> {
    var numbers: Set<Int> = []
    for text in texts {
        for name in text.matches(of: /@(?:Test|Suite)\(\s*"([^"]*)"/) {
            numbers.formUnion(name.1.matches(of: /INV-(\d+)/).compactMap { Int($0.1) })
        }
    }
    return numbers
}
