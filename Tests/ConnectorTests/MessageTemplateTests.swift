import Connector
import SegmentModel
import Testing

/// What of a target's own words is told: the matcher, with texts that somebody made up.
@Suite("A target's message is told by known texts and the operator's words")
struct MessageTemplateTests {
    private static let query = """
        INSERT INTO MySegment (segId, "client Id") VALUES
        (
        """
    private static let vocabulary = QueryVocabulary([
        query, ", to_tsquery('simple', '", "')) ON CONFLICT (segId) DO UPDATE SET n = 42",
    ])

    private func told(
        _ message: String, _ templates: [MessageTemplate], form: TargetReport.Form = .whole,
        names: [TargetReport.Name] = [], catalogued: Set<String> = [], hint: String? = nil,
        hints: [MessageTemplate] = []
    ) -> TargetFailure {
        var failure = TargetFailure(class: .permanent, targetCode: "1", message: "ours")
        failure.report = TargetReport(
            message, as: templates, form: form, names: names, hint: hint, hints: hints,
            catalogued: catalogued, whereToRead: "read its log")
        return failure.told(in: Self.vocabulary)
    }

    @Test(
        "What an operator wrote is told, in the spelling of the server",
        arguments: [
            (#"relation "mysegment" does not exist"#, true),
            (#"relation "MySegment" does not exist"#, true),
            (#"relation "MYSEGMENT" does not exist"#, true),
            (#"relation "public.mysegment" does not exist"#, true),
            (#"relation "client Id" does not exist"#, true),
            (#"relation "MySEGMENT" does not exist"#, false),
            (#"relation "secret" does not exist"#, false),
            (#"relation "secret.mysegment" does not exist"#, false),
            (#"relation "mysegment.secret" does not exist"#, false),
            (#"relation "mysegment" does not exist" does not exist"#, false),
            (#"relation "mysegment secret" does not exist"#, false),
            ("relation \"mysegment\nsecret\" does not exist", false),
            ("relation \"mysegment\u{1B}[31m\" does not exist", false),
            (#"relation "" does not exist"#, false),
        ])
    func names(_ message: String, isKnown: Bool) {
        let failure = told(message, [#"relation "{name}" does not exist"#])
        if isKnown {
            #expect(failure.message == message)
            #expect(failure.whereToRead == nil)
        } else {
            #expect(!failure.message.contains("secret") && !failure.message.contains("\u{1B}"))
            #expect(failure.message == #"relation "…" does not exist"# || failure.message == "ours")
            #expect(failure.whereToRead == "read its log")
        }
    }

    @Test(
        "INV-10: what somebody made up prints templates and the operator's words, no more",
        arguments: [
            "secret", "", "relation \"secret\" does not exist, and secret",
            "near \"secret\": syntax error", "near \"FROM\": secret",
            "Duplicate entry 'a' for key 'secret'",
            "Duplicate entry 'x' for key 'segId' secret' for key 'secret'",
            "value too long for type character varying(4711)",
            "value too long for type secret(1)", "function secret(4711) does not exist",
            "function now(secret) does not exist", "operator does not exist: text = secret",
            "x at line 4711", "x secret at line 2", "syntax error at or near \"'secret'\"",
            "syntax error at or near \"4711\"", "secret\r\nrelation \"mysegment\" does not exist",
            "relation \"mysegment\" does not exist\nsecret",
            String(repeating: "secret ", count: 1000),
        ])
    func forged(_ message: String) {
        let templates: [MessageTemplate] = [
            #"relation "{name}" does not exist"#, #"near "{token}": syntax error"#,
            "Duplicate entry '{any}' for key '{name}'", "value too long for type {words}({any})",
            "function {words} does not exist", "operator does not exist: {words}",
            "{any} at line {line}", #"syntax error at or near "{token}""#,
        ]
        for form in [TargetReport.Form.whole, .name] {
            let failure = told(
                message, templates, form: form, names: [.init("constraint", message)],
                hint: message, hints: templates)
            let texts = [failure.message, failure.hint ?? "", "\(failure)"]
            for text in texts {
                #expect(!text.contains("secret") && !text.contains("4711"), "\(text)")
            }
        }
    }

    @Test("A message that is longer than what is read for a name is not matched")
    func longMessages() {
        let templates: [MessageTemplate] = ["{any} at line {line}"]
        let end = " at line 2"
        for (excess, message) in [(0, "… at line 2"), (1, "ours")] {
            let count = MessageTemplate.characterCountMax - end.count + excess
            let text = String(repeating: "x", count: count) + end
            #expect(told(text, templates).message == message)
        }
    }

    @Test("A token of SQL is told if it stands in the query, a value never")
    func tokens() {
        let near: [MessageTemplate] = [#"syntax error at or near "{token}""#]
        for token in ["INTO", "into", ",", "(", "'simple'", "42", "\"client Id\"", "ON"] {
            let message = "syntax error at or near \"\(token)\""
            #expect(told(message, near).message == message)
        }
        for token in ["FROM", "'shoes'", "43", "simple'", "into secret"] {
            #expect(!told("syntax error at or near \"\(token)\"", near).message.contains(token))
        }
    }

    @Test("Signatures and types are told if all their words are known")
    func signatures() {
        let templates: [MessageTemplate] = ["function {words} does not exist"]
        let known = "function to_tsquery(unknown, character varying) does not exist"
        #expect(told(known, templates).message == known)
        #expect(told("function to_tsquery(shoes) does not exist", templates).message.contains("…"))
    }

    @Test("Names beside the text are told if the operator or the catalogue has them")
    func additions() {
        let failure = told(
            "secret", [],
            names: [
                .init("table", "mysegment"), .init("constraint", "secret"),
                .init("column", "by_catalogue"), .init("constraint", "mysegment_segid_key"),
            ], catalogued: ["by_catalogue"])
        #expect(
            failure.message
                == #"ours, table "mysegment", column "by_catalogue", "#
                + #"constraint "mysegment_segid_key""#
        )
    }

    @Test("INV-10: what a target said is printed by no accident")
    func unprintable() {
        var failure = TargetFailure(class: .permanent, targetCode: "1", message: "ours")
        failure.report = TargetReport(
            #"relation "secret" does not exist"#, as: [#"relation "{name}" does not exist"#],
            form: .whole, names: [.init("table", "secret")], whereToRead: "read its log")
        var dumped = ""
        dump(failure, to: &dumped)
        for text in ["\(failure)", String(reflecting: failure), dumped] {
            #expect(!text.contains("secret"))
        }
    }
}
