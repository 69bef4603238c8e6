import Projection
import ProjectionModel
import SegmentModel
import Testing

extension RowKeyModel {
    func expectEqual(_ reader: ProjectionReader, _ versions: Versions) throws {
        for names in namesEver where !names.isEmpty {
            let keys = versions.values.joined().compactMap { key(names, $0.fields) }
            for key in Set(keys) {
                let found = try reader.profiles(withRowKey: key)
                #expect(found == (holders[key] ?? []).sorted(), "\(key)")
            }
        }
        let shared = holders.values.filter { $0.count > 1 }.reduce(into: Set()) {
            $0.formUnion($1)
        }
        #expect(try reader.profilesSharingRowKeys(among: versions.keys.sorted()) == shared)
        for (name, setting) in settings {
            #expect(try reader.rowFieldsStart(of: name) == setting.since.values.max())
        }
    }
}
