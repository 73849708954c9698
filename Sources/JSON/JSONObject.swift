/// An object: members in order, keys compared as bytes, each key once.
///
/// Looking up, replacing and appending a member takes constant time.
public struct JSONObject: Hashable, Sendable {
    /// A key and its value.
    public struct Member: Hashable, Sendable {
        public let key: JSONString
        public var value: JSON
    }

    /// The number of members from which on keys are found by hashes.
    private static let hashingCount = 17

    public private(set) var members: [Member]
    /// The index of each key in `members`; nil for few members, which are searched.
    private var places: [JSONString: Int]?

    public init() {
        members = []
    }

    /// - Returns: nil for duplicate keys.
    init?(members: [Member]) {
        self.members = members
        guard members.count < JSONObject.hashingCount else {
            index()
            if places?.count != members.count { return nil }
            return
        }
        for (index, member) in members.enumerated()
        where members[..<index].contains(where: { $0.key == member.key }) { return nil }
    }

    public var isEmpty: Bool { members.isEmpty }

    /// The value of `key`; setting replaces it in place or appends it; nil removes it.
    public subscript(key: JSONString) -> JSON? {
        get { place(of: key).map { members[$0].value } }
        set {
            switch (place(of: key), newValue) {
            case (let place?, let value?): members[place].value = value
            case (let place?, nil): remove(at: place)
            case (nil, let value?): insert(key, value, at: members.endIndex)
            case (nil, nil): break
            }
        }
    }

    /// Sets `key`. A new key is inserted after the first of `keys` that exists, else at the end, so
    /// that new fields are in the order of their specification.
    public mutating func set(_ key: JSONString, to value: JSON, after keys: [JSONString]) {
        if let place = place(of: key) {
            members[place].value = value
            return
        }
        for predecessor in keys {
            if let place = place(of: predecessor) {
                insert(key, value, at: place + 1)
                return
            }
        }
        insert(key, value, at: members.endIndex)
    }

    /// Inserts a new key; at the end when `index` is nil.
    mutating func insert(_ key: JSONString, _ value: JSON, before index: Int?) {
        insert(key, value, at: index ?? members.endIndex)
    }

    private mutating func insert(_ key: JSONString, _ value: JSON, at place: Int) {
        let isLast = place == members.endIndex
        members.insert(Member(key: key, value: value), at: place)
        if isLast, places != nil {
            places?[key] = place
        } else {
            index()
        }
    }

    private mutating func remove(at place: Int) {
        let isLast = place == members.endIndex - 1
        let key = members.remove(at: place).key
        if isLast, places != nil {
            places?[key] = nil
        } else {
            index()
        }
    }

    private func place(of key: JSONString) -> Int? {
        if let places { return places[key] }
        return members.firstIndex { $0.key == key }
    }

    private mutating func index() {
        guard members.count >= JSONObject.hashingCount else {
            places = nil
            return
        }
        places = Dictionary(
            members.enumerated().map { ($0.element.key, $0.offset) }, uniquingKeysWith: { $1 })
    }

    /// The object as compact text.
    public func serialized() -> [UInt8] { JSON.object(self).serialized() }

    func serialize(into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        for (index, member) in members.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            member.key.serialize(into: &bytes)
            bytes.append(UInt8(ascii: ":"))
            member.value.serialize(into: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members == right.members
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(members) }
}
