import Projection
import ProjectionModel
import SegmentModel
import Testing

extension Model {
    /// Compares every answer of the reader with the oracle's.
    func expectEqual(_ reader: ProjectionReader) throws {
        try expectSegments(reader)
        try expectFields(reader)
        try expectFieldChanges(reader)
        try expectIntegrations(reader)
        try rowKeys.expectEqual(reader, fields)
        #expect(try reader.configurationBodies().map(\.position) == configurations)
    }

    private func expectSegments(_ reader: ProjectionReader) throws {
        let rows = try reader.segments()
        #expect(rows.map(\.id) == segments.keys.sorted())
        for row in rows {
            let segment = try #require(segments[row.id])
            let members = try reader.members(of: row.id)
            let isEqual = members.ordinals == segment.members.sorted()
            #expect(isEqual, "members of segment \(row.id)")
            #expect(row.memberCount == segment.members.count)
            #expect(row.name == segment.description.name)
            #expect(row.databaseID == segment.description.databaseID)
            #expect(row.tags == segment.description.tags)
            #expect(row.groups == segment.description.groups)
            #expect(row.firstPosition == segment.first && row.lastPosition == segment.last)
            #expect(row.createdAt == segment.createdAt && row.updatedAt == segment.updatedAt)
            #expect(row.deletedPosition == segment.deleted)
            #expect(try reader.segment(row.id) == row)
            let changes = rowChanges[row.id] ?? []
            let found = try reader.rowChanges(of: row.id, after: nil, limit: .max)
            let isSame =
                found.map(\.position) == changes.map(\.position)
                && found.map(\.names) == changes.map(\.names)
                && found.map(\.profiles) == changes.map(\.profiles)
                && found.map(\.time) == changes.map(\.time)
            #expect(isSame, "rows of segment \(row.id)")
            #expect(row.lastRowChange == changes.last?.position)
            let some = segment.members.union([0, 7, 65_536]).sorted()
            #expect(try reader.members(among: some, of: row.id) == segment.members.sorted())
            if let middle = changes.dropFirst(changes.count / 2).first?.position {
                let rest = try reader.rowChanges(of: row.id, after: middle, limit: 2)
                #expect(
                    rest.map(\.position)
                        == changes.map(\.position).filter { $0 > middle }.prefix(2).map { $0 })
            }
        }
        for ordinal in [0, 7, 65_535, 65_536, 70_000] as [UInt32] {
            let holders = segments.filter { $0.value.members.contains(ordinal) }.keys.sorted()
            #expect(try reader.segments(containing: ProfileOrdinal(ordinal)) == holders)
        }
    }

    private func expectFields(_ reader: ProjectionReader) throws {
        for (ordinal, versions) in fields {
            let profile = ProfileOrdinal(ordinal)
            #expect(try reader.fieldChangePositions(of: profile) == versions.map(\.position))
            var requests = versions.map {
                FieldRequest(profile: profile, asOf: $0.position)
            }
            var expected = versions.map(\.fields)
            if let before = versions[0].position.predecessor {
                requests.insert(.init(profile: profile, asOf: before), at: 0)
                expected.insert([:], at: 0)
            }
            requests.append(.init(profile: profile, asOf: Position(.max)))
            expected.append(versions[versions.count - 1].fields)
            var found = [[UInt32: FieldValue]](repeating: [:], count: requests.count)
            try reader.readFields(requests) { index, name, kind, bytes in
                found[index][name] = FieldValue(kind: kind, bytes: bytes)
            }
            #expect(found == expected)
            let newest = try reader.fields(of: profile)
            #expect(newest.map(\.name) == expected[expected.count - 1].keys.sorted())
        }
    }

    private func expectFieldChanges(_ reader: ProjectionReader) throws {
        let positions = Set(fields.values.joined().map(\.position)).sorted()
        let first = positions.dropFirst(positions.count / 3).first ?? Position(0)
        let end = positions.dropFirst(positions.count * 2 / 3).first ?? Position(0)
        let some = fields.keys.filter { $0 % 5 != 0 }
        var found: [UInt32: [Position]] = [:]
        try reader.fieldChanges(of: some.sorted(), from: first, before: end) {
            found[$0.rawValue, default: []].append($1)
        }
        for ordinal in some {
            let expected = fields[ordinal]!.map(\.position).filter { $0 >= first && $0 < end }
            #expect(found[ordinal] ?? [] == expected)
        }
        #expect(Set(found.keys).isSubset(of: some))
    }

    private func expectIntegrations(_ reader: ProjectionReader) throws {
        let rows = try reader.integrations()
        #expect(rows.map(\.name) == integrations.keys.sorted())
        for row in rows {
            let integration = try #require(integrations[row.name])
            #expect(row.firstPosition == integration.first)
            #expect(row.isActive == integration.isActive)
            #expect(row.stop == integration.stop)
            #expect(row.lastSuccessAt == integration.lastSuccess)
            #expect(row.lastErrorAt == integration.lastError)
            #expect(row.grade == integration.grade?.grade)
            #expect(row.gradeReason == integration.grade?.reason)
        }
        for (key, lane) in lanes {
            let row = try #require(try reader.lane(key))
            #expect(row.cursor == lane.cursor && row.epoch == lane.epoch)
            #expect(row.successfulQueryCount == lane.queries)
            #expect(row.fingerprint == lane.fingerprint)
            #expect(row.lastResync == lane.lastResync)
            #expect(row.pendingResync == lane.pendingResync)
            #expect(row.hasLeft == lane.hasLeft)
            #expect(row.unfilled == lane.unfilled)
            #expect(row.failing == lane.failing)
            #expect(row.started == lane.started)
            try expectParked(reader, key)
        }
        for name in ["crm", "bi"] {
            #expect(
                try reader.lanes(of: name).count
                    == lanes.keys.count { $0.integration == name })
            let found = try reader.deliveryErrors(of: name, limit: .max)
            #expect(found.map(\.position) == (errors[name] ?? []).reversed())
            try expectStatistics(reader, name)
        }
        let resyncs = try reader.resyncs()
        #expect(resyncs.map(\.position) == requests.keys.sorted())
        for row in resyncs {
            #expect(row.outcome == outcome(row.position))
            #expect(row.ends == ends[row.position] ?? [:])
            #expect(row.request.pin == requests[row.position]?.pin)
            #expect(
                row.request.segments
                    == Set(requests[row.position]?.segments ?? []).sorted())
        }
    }

    private func expectParked(_ reader: ProjectionReader, _ lane: LaneKey) throws {
        let expected = parked.filter { $0.change.lane == lane }
            .sorted {
                ($0.change.profile, $0.change.position) < ($1.change.profile, $1.change.position)
            }
        let rows = try reader.parked(at: lane)
        #expect(
            rows.map { Parked(position: $0.position, change: $0.change, due: $0.due) } == expected)
        #expect(
            try reader.lanesWithParkedChanges(of: lane.integration).contains(lane.segment)
                == !expected.isEmpty)
        let isDue = expected.contains { $0.due != nil }
        #expect(
            try reader.lanesWithDueChanges(of: lane.integration).contains(lane.segment) == isDue)
    }

    private func expectStatistics(_ reader: ProjectionReader, _ name: String) throws {
        let minutes = (counts[name] ?? [:]).filter { $0.value != Statistics.Counts() }
        let all = try reader.statistics(of: name, from: nil, to: nil)
        #expect(all.minutes.map(\.start.minute) == minutes.keys.sorted())
        var total = Statistics.Counts()
        for minute in all.minutes {
            #expect(minute.counts == minutes[minute.start.minute])
            total.add(minute.counts)
        }
        #expect(all.total == total)
        guard let last = all.minutes.last else { return }
        let one = try reader.statistics(of: name, from: last.start, to: last.start)
        #expect(one.total == last.counts)
    }
}
