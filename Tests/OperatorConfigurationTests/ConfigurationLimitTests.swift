import SegmentModel
import Testing

@testable import OperatorConfiguration

/// Limits that hold before the work: each at its edge, and what they keep from happening.
@Suite("Limits of a configuration file")
struct ConfigurationLimitTests {
    private func rules(_ text: String) -> [String] {
        do throws(ConfigurationFaults) {
            _ = try YAMLNode.parse(text)
            return []
        } catch {
            return error.faults.map(\.description)
        }
    }

    /// Refused by the bytes alone: the library has not been asked.
    private func isRefusedUnread(_ text: String) -> Bool {
        do throws(ConfigurationFaults) {
            try YAMLBounds.check(text)
            return false
        } catch {
            return true
        }
    }

    @Test("Aliases are refused before they are resolved, wherever they may stand")
    func aliases() throws {
        var laughs = "a: &a [x,x,x,x,x,x,x,x,x]\n"
        for (name, last) in zip("bcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz") {
            laughs += "\(name): &\(name) [*\(last),*\(last),*\(last),*\(last)]\n"
        }
        for text in [
            laughs, "a: &a 1\nb: *a", "a: &a 1\n*a : 2", "- &a x\n- *a", "[&a x, *a]", "[&a x,*a]",
            "{a: &a x, b: *a}", "{\"a\": &a x, \"b\":*a}", "&a x: *a", "? &a x\n? *a", "- &a\n- *a",
            "a: !!str &a x\nb: *a", "a: &a-b_1 x\nb: *a-b_1", "a: &a x\nb:\u{85}*a",
            "a: &a x\nb:\u{2028}*a", "\u{FEFF}&a x: *a", "a: &a\tx\nb:\t*a", "a: |\n  &a\nb: *a",
            "--- &a x\n--- *a", "a: &a {}\n<<: *a",
        ] {
            #expect(isRefusedUnread(text), "\(text)")
            let fault = rules(text).first ?? ""
            #expect(fault.contains("aliases"), "\(text): \(fault)")
        }
        #expect(rules("a: 1\nb: &b 2\nc: [3, *b]").first?.hasPrefix("3:8: ") == true)
    }

    @Test("What is no alias is read: operators, comments, names without an anchor")
    func noAliases() throws {
        for text in [
            "a: SELECT * FROM t", "a: |\n  SELECT *, a*b, (a)*b, a & b * b", "a: 'x &b' # *c",
            "a: a&b*b", "a: \"f(&x)*x\"", "a: |\n  SELECT count(*) WHERE a & mask > b * mask",
            "a: &unused 1",
        ] {
            #expect(rules(text) == [], "\(text)")
        }
        // Found undefined by the library, which has nothing to resolve.
        #expect(rules("a: *nothing").first?.contains("undefined alias") == true)
    }

    @Test("The size of the file, at its edge")
    func fileSize() {
        let start = "a: 1\n#"
        let most = start + String(repeating: "x", count: Limits.configurationByteCountMax - 6)
        #expect(rules(most) == [])
        #expect(isRefusedUnread(most + "x"))
        #expect(rules(most + "x").first?.contains("bytes") == true)
    }

    @Test("What may begin a value is counted before values are made")
    func marks() {
        let most = "#" + String(repeating: ",", count: Limits.configurationMarkCountMax)
        #expect(rules(most) == [])
        #expect(isRefusedUnread(most + ","))
        for mark in [",", ":", "-", "?", "[", "]", "{", "}", "\n", "\r"] {
            #expect(
                isRefusedUnread(
                    String(repeating: mark, count: Limits.configurationMarkCountMax + 1)), "\(mark)"
            )
        }
        let keys = "#" + String(repeating: "? ", count: Limits.configurationKeyMarkCountMax)
        #expect(rules(keys) == [])
        for blank in [" ", "\t", "\u{A0}", "\u{85}"] {
            #expect(isRefusedUnread(keys + "?" + blank))
        }
        #expect(isRefusedUnread(keys + "?"))
        #expect(!isRefusedUnread(keys + "?x"))
    }

    @Test("Values, at the edge: the file's own mapping and its list count too")
    func values() {
        func list(_ count: Int) -> String { "a: [" + String(repeating: "1,", count: count) + "]" }
        #expect(rules(list(Limits.configurationValueCountMax - 2)) == [])
        #expect(
            rules(list(Limits.configurationValueCountMax - 1)).first?.contains("values") == true)
    }

    @Test("Nesting, at the edge, in every form")
    func depth() {
        let most = Limits.configurationDepthMax
        func flow(_ count: Int) -> String {
            String(repeating: "[", count: count) + "1" + String(repeating: "]", count: count)
        }
        func mappings(_ count: Int) -> String {
            String(repeating: "{a: ", count: count) + "1" + String(repeating: "}", count: count)
        }
        func block(_ count: Int) -> String { String(repeating: "- ", count: count) + "1" }
        for nested in [flow, mappings, block] {
            #expect(rules(nested(most)) == [])
            #expect(rules(nested(most + 1)).first?.contains("nested deeper") == true)
            // The library's own limit comes first: its stack and ours stay small.
            for count in [999, 1001, 100_000] {
                let fault = rules(nested(count)).first ?? ""
                #expect(!fault.isEmpty, "\(count)")
            }
        }
    }

    @Test("The length of a text and of a key, at the edge")
    func lengths() {
        let text = String(repeating: "x", count: Limits.configurationTextByteCountMax)
        #expect(rules("a: " + text) == [])
        #expect(rules("a: " + text + "x").first?.hasPrefix("a: has more than") == true)
        let key = String(repeating: "k", count: Limits.configurationKeyByteCountMax)
        #expect(rules("a: {\(key): 1}") == [])
        for long in [key + "k", String(repeating: "k", count: 1000)] {
            let fault = rules("a: {\(long): 1}").first ?? ""
            #expect(fault.hasPrefix("a: has a key of more than"))
            let twice = rules("{\(long): 1, \(long): 2}").first ?? ""
            #expect(twice.contains("a long key: is given twice"), "\(twice.prefix(80))")
        }
    }

    @Test("A key that is given twice is refused, in every form and depth")
    func repeatedKeys() {
        for text in [
            "a: 1\na: 2", "{a: 1, a: 2}", "b: {a: 1, a: 2}", "b:\n  - a: 1\n    a: 2",
            "a: 1\n\"a\": 2", "a: 1\n? a\n: 2", "{\"a\":1,'a':2}",
        ] {
            #expect(rules(text).first?.contains("given twice") == true, "\(text)")
        }
        #expect(rules("{[a, b]: 1}").first?.contains("no text") == true)
    }

    @Test("A mark of the encoding before the first key is no part of it")
    func byteOrderMark() {
        #expect(rules("\u{FEFF}a: 1") == [])
    }
}
