package import SegmentModel

/// The body of `integration_paused` and `integration_resumed`.
package struct IntegrationReference: Hashable, SystemEventBody {
    package var integration: String

    package init(integration: String) {
        self.integration = integration
    }

    package init(members: BodyMembers) throws(BodyFault) {
        integration = try members.string("integration")
    }

    package func encode() -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("integration", integration)
        json.endObject()
        return json.text
    }
}

/// The body of `lane_left`.
extension LaneKey: SystemEventBody {
    package init(members: BodyMembers) throws(BodyFault) {
        self.init(
            integration: try members.string("integration"),
            segment: SegmentID(try members.integer("segment_id", Int64.self)))
    }

    package func encode() -> String {
        var json = JSONWriter()
        json.beginObject()
        write(to: &json)
        json.endObject()
        return json.text
    }

    func write(to json: inout JSONWriter) {
        json.member("integration", integration)
        json.member("segment_id", segment.rawValue)
    }
}

extension SegmentDescription: SystemEventBody {
    package init(members: BodyMembers) throws(BodyFault) {
        self.init(
            name: try members.optionalString("segment_name"),
            databaseID: try members.optionalInteger("database_id"),
            tags: try members.optionalStrings("tags"),
            groups: try members.optionalStrings("groups"))
    }

    /// Just what is said.
    package func encode() -> String {
        var json = JSONWriter()
        json.beginObject()
        if let name { json.member("segment_name", name) }
        if let databaseID { json.member("database_id", databaseID) }
        if let tagsGiven { json.member("tags", tagsGiven) }
        if let groupsGiven { json.member("groups", groupsGiven) }
        json.endObject()
        return json.text
    }
}

extension LaneCursor {
    /// `null` for a lane that has delivered nothing, else an object.
    func write(to json: inout JSONWriter) {
        if position == nil, profileCount == 0 { return json.null() }
        json.beginObject()
        json.member("position", position?.rawValue)
        json.member("profiles", profileCount)
        json.endObject()
    }

    init(_ members: BodyMembers?) throws(BodyFault) {
        self.init(
            position: try members?.optionalPosition("position"),
            profileCount: try members?.optionalInteger("profiles") ?? 0)
    }
}

/// The body of `delivery_recorded`. What is nil, false or zero is left out.
extension Receipt: SystemEventBody {
    package init(members: BodyMembers) throws(BodyFault) {
        self.init(
            lane: try LaneKey(members: members),
            query: try members.optionalWord("query"),
            outcome: try members.word("outcome"),
            firstPosition: try members.position("first_position"),
            lastPosition: try members.position("last_position"),
            cursor: try LaneCursor(try members.optionalObject("cursor")),
            epoch: try members.integer("epoch"),
            fingerprint: try members.optionalFingerprint("fingerprint"),
            successfulQueryCount: try members.optionalInteger("successful_queries") ?? 0,
            failedQueryCount: try members.optionalInteger("failed_queries") ?? 0,
            profileCount: try members.optionalInteger("profiles") ?? 0,
            rowCount: try members.optionalInteger("rows"),
            attempt: try members.integer("attempt"),
            durationMicroseconds: try members.optionalInteger("duration_us") ?? 0,
            isRecovered: try members.optionalBoolean("recovered") ?? false,
            resync: try members.optionalPosition("resync"),
            parked: try members.optionalPosition("parked"),
            templateSHA256: try members.optionalString("template_sha256"),
            errorCode: try members.optionalString("error_code"),
            targetCode: try members.optionalString("target_code"),
            errorMessage: try members.optionalString("error_message"),
            errorHint: try members.optionalString("error_hint"))
    }

    package func encode() -> String {
        var json = JSONWriter()
        json.beginObject()
        lane.write(to: &json)
        if let query { json.member("query", query.rawValue) }
        json.member("outcome", outcome.rawValue)
        json.member("first_position", firstPosition.rawValue)
        json.member("last_position", lastPosition.rawValue)
        json.key("cursor")
        cursor.write(to: &json)
        json.member("epoch", epoch)
        if let fingerprint { json.member("fingerprint", fingerprint.text) }
        if successfulQueryCount != 0 { json.member("successful_queries", successfulQueryCount) }
        if failedQueryCount != 0 { json.member("failed_queries", failedQueryCount) }
        if profileCount != 0 { json.member("profiles", profileCount) }
        if let rowCount { json.member("rows", rowCount) }
        json.member("attempt", attempt)
        if durationMicroseconds != 0 { json.member("duration_us", durationMicroseconds) }
        if isRecovered { json.member("recovered", true) }
        if let resync { json.member("resync", resync.rawValue) }
        if let parked { json.member("parked", parked.rawValue) }
        if let templateSHA256 { json.member("template_sha256", templateSHA256) }
        if let errorCode { json.member("error_code", errorCode) }
        if let targetCode { json.member("target_code", targetCode) }
        if let errorMessage { json.member("error_message", errorMessage) }
        if let errorHint { json.member("error_hint", errorHint) }
        json.endObject()
        return json.text
    }
}

/// The body of `resync_requested`.
extension ResyncRequest: SystemEventBody {
    package init(members: BodyMembers) throws(BodyFault) {
        self.init(
            integration: try members.string("integration"),
            segments: try members.required("segments", try members.optionalSegments("segments")),
            reason: try members.word("reason"),
            pin: try members.optionalPosition("pin"),
            resume: try members.optionalPosition("resume"))
    }

    package func encode() -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("integration", integration)
        json.key("segments")
        json.beginArray()
        for segment in segments { json.value(segment.rawValue) }
        json.endArray()
        json.member("reason", reason.rawValue)
        json.member("pin", pin?.rawValue)
        json.member("resume", resume?.rawValue)
        json.endObject()
        return json.text
    }
}

/// The body of `resync_finished`.
extension ResyncResult: SystemEventBody {
    package init(members: BodyMembers) throws(BodyFault) {
        self.init(
            integration: try members.string("integration"),
            request: try members.position("request"),
            outcome: try members.word("outcome"),
            segments: try members.optionalSegments("segments"),
            errorCode: try members.optionalString("error_code"),
            errorMessage: try members.optionalString("error_message"))
    }

    package func encode() -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("integration", integration)
        json.member("request", request.rawValue)
        json.member("outcome", outcome.rawValue)
        if let segments {
            json.key("segments")
            json.beginArray()
            for segment in segments { json.value(segment.rawValue) }
            json.endArray()
        }
        if let errorCode { json.member("error_code", errorCode) }
        if let errorMessage { json.member("error_message", errorMessage) }
        json.endObject()
        return json.text
    }
}
