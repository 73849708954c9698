import JSON
import OCI
import Snapshot
import Tar

/// Compares the files of two images.
struct FileComparison {
    let first: ImageTree
    let second: ImageTree
    let ignoresTime: Bool
    /// A number for each layer; equal layers of both images have the same number.
    private let layers: (first: [Int], second: [Int])
    private(set) var differences: [ImageDifference] = []
    /// Whether contents had to be compared of which one has no digest.
    private(set) var lacksDigests = false

    /// - Parameter layers: a number for each layer, equal for layers with the same diffID.
    init(
        _ first: ImageTree, _ second: ImageTree, layers: (first: [Int], second: [Int]),
        ignoresTime: Bool
    ) {
        self.first = first
        self.second = second
        self.layers = layers
        self.ignoresTime = ignoresTime
    }

    /// Walks both trees together, names in byte order.
    mutating func run() throws(ImageTreeError) {
        try compare(ImageTree.root, ImageTree.root, path: [])
        var stack = [pairs(ImageTree.root, ImageTree.root, path: [])]
        while var pending = stack.popLast() {
            guard let pair = pending.popLast() else { continue }
            stack.append(pending)
            try compare(pair.first, pair.second, path: pair.path)
            let directories = (
                pair.first.flatMap { first.nodes[Int($0)].kind == .directory ? $0 : nil },
                pair.second.flatMap { second.nodes[Int($0)].kind == .directory ? $0 : nil }
            )
            if directories.0 != nil || directories.1 != nil {
                stack.append(pairs(directories.0, directories.1, path: pair.path))
            }
        }
    }

    private struct Pair {
        let path: [UInt8]
        let first: UInt32?
        let second: UInt32?
    }

    /// The names of two directories, the last first.
    private func pairs(_ one: UInt32?, _ other: UInt32?, path: [UInt8]) -> [Pair] {
        let (left, right) = (
            one.map { first.children(of: $0) } ?? [], other.map { second.children(of: $0) } ?? []
        )
        let prefix = path.isEmpty ? [] : path + [UInt8(ascii: "/")]
        var pairs: [Pair] = []
        var (i, j) = (0, 0)
        while i < left.count || j < right.count {
            let one = i < left.count ? first.name(of: left[i]) : nil
            let other = j < right.count ? second.name(of: right[j]) : nil
            let takesOne =
                one.map { one in other.map { !$0.lexicographicallyPrecedes(one) } ?? true } ?? false
            let takesOther =
                other.map { other in one.map { !$0.lexicographicallyPrecedes(other) } ?? true }
                ?? false
            pairs.append(
                Pair(
                    path: prefix + ((takesOne ? one : other) ?? []),
                    first: takesOne ? left[i] : nil, second: takesOther ? right[j] : nil))
            if takesOne { i += 1 }
            if takesOther { j += 1 }
        }
        return pairs.reversed()
    }

    private mutating func compare(
        _ one: UInt32?, _ other: UInt32?, path: [UInt8]
    ) throws(ImageTreeError) {
        let isSameRecord = isSameRecord(one, other)
        if isSameRecord, hasSameNameCount(one, other) { return }
        let left = try one.map { (node) throws(ImageTreeError) in
            try first.snapshotEntry(of: node)
        }
        let right = try other.map { (node) throws(ImageTreeError) in
            try second.snapshotEntry(of: node)
        }
        var change = ImageDifference.Change.changed
        var aspects: [String] = []
        switch (left, right) {
        case (let left?, let right?):
            aspects = self.aspects(left, right, isSameRecord: isSameRecord)
            if aspects.isEmpty { return }
        case (_, nil): change = .removed
        case (nil, _): change = .added
        }
        differences.append(
            ImageDifference(
                subject: .file(path), change: change, aspects: aspects,
                first: one.flatMap { left?.json(layer: first.layerNumber(of: $0)) },
                second: other.flatMap { right?.json(layer: second.layerNumber(of: $0)) }))
    }

    /// Whether both come from the same entry of the same layer.
    private func isSameRecord(_ one: UInt32?, _ other: UInt32?) -> Bool {
        guard let one, let other else { return false }
        let (left, right) = (first.nodes[Int(one)].record, second.nodes[Int(other)].record)
        guard left.offset != .max, right.offset != .max, left.offset == right.offset,
            left.layer != ImageTree.Record.implied, right.layer != ImageTree.Record.implied
        else { return left.offset == .max && right.offset == .max }
        return layers.first[Int(left.layer)] == layers.second[Int(right.layer)]
    }

    private func hasSameNameCount(_ one: UInt32?, _ other: UInt32?) -> Bool {
        guard let one, let other else { return false }
        return first.linkCounts[first.nodes[Int(one)].record]
            == second.linkCounts[second.nodes[Int(other)].record]
    }

    /// The aspects in which two entries of the same path differ.
    ///
    /// - Parameter isSameRecord: whether their contents are known to be the same.
    private mutating func aspects(
        _ left: SnapshotEntry, _ right: SnapshotEntry, isSameRecord: Bool
    ) -> [String] {
        guard left.kind == right.kind else { return ["type"] }
        var aspects: [String] = []
        if left.size != right.size {
            aspects.append("content")
        } else if !isSameRecord, let size = left.size, size > 0 {
            if left.content == nil || right.content == nil { lacksDigests = true }
            if left.content != right.content { aspects.append("content") }
        }
        if left.mode != right.mode { aspects.append("mode") }
        if left.uid != right.uid || left.gid != right.gid { aspects.append("owner") }
        if !ignoresTime, left.time != right.time { aspects.append("time") }
        if left.linkTarget != right.linkTarget { aspects.append("link") }
        if left.device != right.device { aspects.append("device") }
        if left.linkCount != right.linkCount { aspects.append("names") }
        if left.extendedAttributes != right.extendedAttributes { aspects.append("xattr") }
        return aspects
    }
}

extension SnapshotEntry {
    /// The entry as JSON, with the number of its layer.
    fileprivate func json(layer: Int) -> JSON {
        var object = JSONObject()
        object["layer"] = .integer(layer)
        object["type"] = .string(kind.rawValue)
        if let mode { object["mode"] = .string("0" + String(mode, radix: 8)) }
        if let uid { object["uid"] = .integer(uid) }
        if let gid { object["gid"] = .integer(gid) }
        if let size { object["size"] = .integer(size) }
        if let time {
            object["time"] = .number(JSONNumber(time.seconds, billionths: time.nanoseconds ?? 0))
        }
        if let content { object["sha256"] = .string(JSONString(utf8: content.hexadecimal)) }
        if let linkTarget { object["link"] = .string(JSONString(utf8: VisText.encode(linkTarget))) }
        if let linkCount { object["nlink"] = .integer(linkCount) }
        if let device {
            object["device"] = .string("\(device.major),\(device.minor)")
        }
        if !extendedAttributes.isEmpty {
            var values = JSONObject()
            for attribute in extendedAttributes {
                values[JSONString(utf8: VisText.encode(attribute.name))] = .string(
                    JSONString(utf8: Base64.encode(attribute.value)))
            }
            object["xattrs"] = .object(values)
        }
        return .object(object)
    }
}
