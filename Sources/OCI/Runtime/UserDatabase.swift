/// Who a process runs as.
public struct ProcessUser: Hashable, Sendable {
    public let uid: UInt32
    public let gid: UInt32
    /// Supplementary groups, each once, without `gid`.
    public let additionalGIDs: [UInt32]

    public init(uid: UInt32, gid: UInt32, additionalGIDs: [UInt32] = []) {
        self.uid = uid
        self.gid = gid
        self.additionalGIDs = additionalGIDs
    }
}

/// The users and groups of a root file system. Lines that are malformed count for nothing.
///
/// - Spec: passwd(5), group(5).
public struct UserDatabase: Sendable {
    private struct User {
        let name: [UInt8]
        let uid: UInt32
        let gid: UInt32
    }

    private struct Group {
        let name: [UInt8]
        let gid: UInt32
        let members: [[UInt8]]
    }

    private let users: [User]
    private let groups: [Group]

    /// - Parameters:
    ///   - passwd: the bytes of `/etc/passwd`; empty where there is none.
    ///   - group: the bytes of `/etc/group`.
    public init(passwd: [UInt8], group: [UInt8]) {
        users = UserDatabase.lines(passwd).compactMap { fields in
            guard fields.count >= 4, let uid = number(fields[2]), let gid = number(fields[3])
            else { return nil }
            return User(name: fields[0], uid: uid, gid: gid)
        }
        groups = UserDatabase.lines(group).compactMap { fields in
            guard fields.count >= 3, let gid = number(fields[2]) else { return nil }
            let members = fields.count > 3 ? fields[3].split(separator: UInt8(ascii: ",")) : []
            return Group(name: fields[0], gid: gid, members: members.map(Array.init))
        }
    }

    private static func lines(_ bytes: [UInt8]) -> [[[UInt8]]] {
        bytes.split(separator: UInt8(ascii: "\n")).map { line in
            line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
                .map(Array.init)
        }
    }

    /// Finds out who `User` of an image config is: `NAME` or `UID`, with `:GROUP` or `:GID`.
    ///
    /// Without a group, it is the user's own, and the supplementary groups are those that have the
    /// user as a member. The empty text is root.
    /// - Throws: `ValueError` for a name that is in no file.
    /// - Spec: image-spec v1.1.1, config.md, `User`.
    public func resolve(_ text: String) throws(ValueError) -> ProcessUser {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let userText = Array((parts.first ?? "").utf8)
        let wanted = userText.isEmpty ? [UInt8(ascii: "0")] : userText
        let user =
            users.first { $0.name == wanted }
            ?? number(wanted).flatMap { uid in users.first { $0.uid == uid } }
        guard let uid = user?.uid ?? number(wanted) else {
            throw ValueError("no user of this name in etc/passwd")
        }
        guard parts.count == 2, !parts[1].isEmpty else {
            let gid = user?.gid ?? 0
            return ProcessUser(
                uid: uid, gid: gid, additionalGIDs: user.map { groups(of: $0) } ?? [])
        }
        let group = Array(parts[1].utf8)
        guard let gid = groups.first(where: { $0.name == group })?.gid ?? number(group) else {
            throw ValueError("no group of this name in etc/group")
        }
        return ProcessUser(uid: uid, gid: gid)
    }

    /// Finds out who `--chown` of a Dockerfile's COPY means: `USER` or `UID`, with `:GROUP` or `:GID`.
    ///
    /// A number without a group has the same number as its group, a name the group of its line.
    /// - Throws: `ValueError` for a name that is in no file.
    /// - Spec: Dockerfile reference, "COPY --chown"; BuildKit for a number alone.
    public func resolveOwner(_ text: String) throws(ValueError) -> ProcessUser {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let user = Array((parts.first ?? "").utf8)
        let group = parts.count == 2 && !parts[1].isEmpty ? Array(parts[1].utf8) : nil
        let uid: UInt32
        var gid: UInt32
        if let id = user.isEmpty ? 0 : number(user) {
            uid = id
            gid = id
        } else if let found = users.first(where: { $0.name == user }) {
            uid = found.uid
            gid = found.gid
        } else {
            throw ValueError("no user \(String(decoding: user, as: UTF8.self)) in etc/passwd")
        }
        if let group {
            guard let id = number(group) ?? groups.first(where: { $0.name == group })?.gid else {
                throw ValueError(
                    "no group \(String(decoding: group, as: UTF8.self)) in etc/group")
            }
            gid = id
        }
        return ProcessUser(uid: uid, gid: gid)
    }

    private func groups(of user: User) -> [UInt32] {
        var result: [UInt32] = []
        for group in groups where group.members.contains(user.name) {
            if group.gid != user.gid, !result.contains(group.gid) { result.append(group.gid) }
        }
        return result
    }
}

/// A number without a sign; the highest one is nobody's, chown(2) has a meaning of its own for it.
private func number(_ digits: [UInt8]) -> UInt32? {
    guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return UInt32(String(decoding: digits, as: UTF8.self)).flatMap { $0 == .max ? nil : $0 }
}
