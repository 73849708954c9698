import ArgumentParser
import ByteStream
import ImageStore
import OCI
import ToolSupport

/// One value of `--platform`: platforms with commas between them, or `all`.
enum PlatformList: Hashable, Sendable {
    case listed([Platform])
    case all

    /// - Throws: `ValueError` for other text.
    init(_ text: String) throws(ValueError) {
        if text == "all" {
            self = .all
            return
        }
        var platforms: [Platform] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let platform = Platform(String(part)) else {
                throw ValueError(
                    "not a platform: \(quote(String(part))); write OS/ARCH[/VARIANT] or 'all'")
            }
            platforms.append(platform)
        }
        self = .listed(platforms)
    }

    /// All platforms that the option's values name; this machine's without any.
    static func choice(of lists: [PlatformList]) -> PlatformChoice {
        if lists.isEmpty { return .implied(.current) }
        if lists.contains(.all) { return .all }
        return .listed(named(lists))
    }

    /// The platforms that the values of the option name; none for all of them.
    static func named(_ lists: [PlatformList]) -> [Platform] {
        lists.flatMap { list -> [Platform] in
            guard case .listed(let platforms) = list else { return [] }
            return platforms
        }
    }
}

/// Reads a value of `--platform`.
let parsePlatforms: @Sendable (String) throws -> PlatformList = ArgumentText.parsing {
    (text) throws(ValueError) in try PlatformList(text)
}
