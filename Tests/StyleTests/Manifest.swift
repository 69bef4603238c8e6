/// What Package.swift says of the targets, read from its text: `swift package describe` would wait
/// for the lock that `swift test` holds.
struct Manifest {
    /// Names of targets and products that each target depends on.
    private(set) var dependencies: [String: Set<String>] = [:]

    init(text: String) {
        let code = Manifest.withoutComments(text)
        let products = Manifest.productConstants(in: code)
        let calls = /(func\s+)?(?:\b(module|test|system)|\.(target|executableTarget|plugin))\(/
        for call in code.matches(of: calls) where call.output.1 == nil {
            let arguments = Manifest.balanced(code[call.range.upperBound...], open: "(", close: ")")
            guard let name = arguments.firstMatch(of: /^\s*(?:name:\s*)?"(\w+)"/) else { continue }
            let isSystem = call.output.2 == "system"
            let list = isSystem ? "" : Manifest.dependencyList(arguments)
            dependencies[String(name.1)] = Manifest.names(in: list, products: products)
        }
    }

    private static func withoutComments(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.replacing(/(?:^|\s)\/\/.*/, with: "") }
            .joined(separator: "\n")
    }

    /// `let yams = Target.Dependency.product(name: "Yams", …)`: the constant and the product.
    private static func productConstants(in code: String) -> [String: String] {
        let constant = /let\s+(\w+)\s*=\s*Target\.Dependency\.product\(\s*name:\s*"(\w+)"/
        return Dictionary(
            code.matches(of: constant).map { (String($0.1), String($0.2)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The text up to the bracket that closes the one before `text`.
    private static func balanced(_ text: Substring, open: Character, close: Character) -> Substring
    {
        var depth = 1
        for index in text.indices {
            if text[index] == open { depth += 1 }
            if text[index] == close { depth -= 1 }
            if depth == 0 { return text[..<index] }
        }
        return text
    }

    private static func dependencyList(_ arguments: Substring) -> Substring {
        let labelled = arguments.firstMatch(of: /dependencies:\s*\[/)?.range.upperBound
        let unlabelled = arguments.firstMatch(of: /^\s*"\w+",\s*\[/)?.range.upperBound
        guard let start = labelled ?? unlabelled else { return "" }
        return balanced(arguments[start...], open: "[", close: "]")
    }

    private static func names(in list: Substring, products: [String: String]) -> Set<String> {
        let product = /\.product\(\s*name:\s*"(\w+)"[^)]*\)/
        let flat = String(list).replacing(product) { "\"\($0.output.1)\"" }
        return Set(
            flat.split(separator: ",").compactMap { item in
                let word = item.filter { !$0.isWhitespace }
                if word.isEmpty { return nil }
                if let quoted = word.wholeMatch(of: /"(\w+)"/) { return String(quoted.1) }
                return products[word] ?? word
            })
    }
}
