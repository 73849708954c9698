// The part of Foundation that ArgumentParser uses, for the binaries that `make` builds.
//
// ArgumentParser needs it for `--experimental-dump-help`, which the tools do not offer, and asks whether
// an error is a `LocalizedError`, which none of ours is. The toolchain's module makes each binary a third
// larger and its start-up a tenth longer. Package.swift says when this one is used.

public protocol LocalizedError: Error {
    var errorDescription: String? { get }
}

public struct Data: Sendable {}

public final class JSONEncoder {
    public struct OutputFormatting: OptionSet, Sendable {
        public let rawValue: UInt

        public init(rawValue: UInt) {
            self.rawValue = rawValue
        }

        public static let prettyPrinted = OutputFormatting(rawValue: 1)
        public static let sortedKeys = OutputFormatting(rawValue: 2)
    }

    /// There is no JSON here.
    public struct Unsupported: Error {}

    public var outputFormatting: OutputFormatting = []

    public init() {}

    public func encode<Value: Encodable>(_ value: Value) throws -> Data {
        throw Unsupported()
    }
}

extension String {
    public struct Encoding: Sendable {
        public static let utf8 = Encoding()
    }

    public init?(data: Data, encoding: Encoding) {
        return nil
    }
}
