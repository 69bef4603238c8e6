package import EventJSON
package import SegmentModel

extension IntegrationDefinition {
    /// Writes the definition as the configuration file spells it.
    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("description", description)
        if let isActive { json.member("active", isActive) }
        json.key("scope")
        writeScope(to: &json)
        json.member("connector", connector)
        json.key("batch")
        switch batch {
        case .individual: json.value("individual")
        case .batch(let size):
            json.beginObject()
            json.member("size", size)
            json.member("timeout", Duration.text(milliseconds: batchTimeoutMilliseconds))
            json.endObject()
        }
        if isCoalesced { json.member("coalesce", true) }
        json.key("queries")
        json.beginObject()
        for query in QueryKind.allCases {
            if let source = queries[query] { json.member(query.rawValue, source) }
        }
        json.endObject()
        if let memberKey { json.member("member_key", memberKey) }
        json.member("start", start.rawValue)
        json.member("updates", updates.rawValue)
        json.endObject()
    }

    private func writeScope(to json: inout JSONWriter) {
        json.beginObject()
        json.member("database_id", scope.databaseID)
        json.key("segments")
        switch scope.segments {
        case .all: json.value("all")
        case .ids(let ids):
            json.beginObject()
            json.key("ids")
            json.beginArray()
            for id in ids { json.value(id.rawValue) }
            json.endArray()
            json.endObject()
        case .tags(let tags):
            json.beginObject()
            json.member("tags", tags)
            json.endObject()
        case .groups(let groups):
            json.beginObject()
            json.member("groups", groups)
            json.endObject()
        }
        json.endObject()
    }

    init(name: String, members: BodyMembers) throws(BodyFault) {
        let queryMembers = try members.required("queries", try members.optionalObject("queries"))
        var queries: [QueryKind: String] = [:]
        for query in QueryKind.allCases {
            queries[query] = try queryMembers.optionalString(query.rawValue)
        }
        let scopeMembers = try members.required("scope", try members.optionalObject("scope"))
        self.init(
            name: name, scope: try Scope(members: scopeMembers),
            connector: try members.string("connector"), queries: queries)
        description = try members.optionalString("description") ?? description
        isActive = try members.optionalBoolean("active")
        if members.isString("batch") {
            guard try members.string("batch") == "individual" else {
                throw BodyFault("batch", "is a word that this version does not know")
            }
            batch = .individual
        } else if let batchMembers = try members.optionalObject("batch") {
            batch = .batch(size: try batchMembers.integer("size"))
            batchTimeoutMilliseconds =
                try batchMembers.duration("timeout")
                ?? batchTimeoutMilliseconds
        }
        isCoalesced = try members.optionalBoolean("coalesce") ?? false
        memberKey = try members.optionalString("member_key")
        start = try members.optionalWord("start") ?? start
        updates = try members.optionalWord("updates") ?? updates
    }
}

extension IntegrationDefinition.Scope {
    fileprivate init(members: BodyMembers) throws(BodyFault) {
        let databaseID = try members.integer("database_id", Int64.self)
        if members.isString("segments") {
            guard try members.string("segments") == "all" else {
                throw BodyFault("segments", "is a word that this version does not know")
            }
            self.init(databaseID: databaseID, segments: .all)
            return
        }
        let selection = try members.required("segments", try members.optionalObject("segments"))
        if let ids = try selection.optionalSegments("ids") {
            self.init(databaseID: databaseID, segments: .ids(ids))
        } else if let tags = try selection.optionalStrings("tags") {
            self.init(databaseID: databaseID, segments: .tags(tags))
        } else if let groups = try selection.optionalStrings("groups") {
            self.init(databaseID: databaseID, segments: .groups(groups))
        } else {
            throw BodyFault("segments", "says nothing that this version knows")
        }
    }
}
