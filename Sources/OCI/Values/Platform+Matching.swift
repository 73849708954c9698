import JSON

extension Platform {
    /// Converts to lower case and one spelling for each architecture; variants only get a missing
    /// `v`.
    mutating func respell() {
        os = os.lowercased()
        architecture = architecture.lowercased()
        variant = variant?.lowercased()
        if os == "macos" { os = "darwin" }
        switch architecture {
        case "i386": architecture = "386"
        case "x86_64", "x86-64": architecture = "amd64"
        case "aarch64": architecture = "arm64"
        case "armhf": (architecture, variant) = ("arm", variant ?? "v7")
        case "armel": (architecture, variant) = ("arm", variant ?? "v6")
        default: break
        }
        if architecture == "arm" || architecture == "arm64", let number = variant,
            number.utf8.allSatisfy(\.isDigit)
        {
            variant = "v\(number)"
        }
    }

    /// The canonical form: amd64/v1 and arm64/v8 have no variant, arm without a variant is arm/v7,
    /// and features are sorted.
    public var normalized: Platform {
        var platform = self
        platform.respell()
        switch (platform.architecture, platform.variant) {
        case ("386", _), ("amd64", "v1"), ("arm64", "v8"), ("arm64", "v8.0"):
            platform.variant = nil
        case ("arm64", "v9.0"), ("arm64", "9.0"): platform.variant = "v9"
        case ("arm", nil): platform.variant = "v7"
        default: break
        }
        platform.osFeatures.sort()
        return platform
    }

    /// The rank of an image of this platform for the requested platform; 0 is best.
    ///
    /// A machine runs images for older machines of its kind: amd64/v3 runs v2, v1 and then 386,
    /// arm/v7 runs v6 and v5, and arm64 runs arm/v8 and everything that runs on it. A version of
    /// Windows must be the same up to its build.
    /// - Returns: nil when it does not run on that platform.
    public func rank(for wanted: Platform) -> Int? {
        let mine = normalized
        let wanted = wanted.normalized
        guard mine.os == wanted.os, wanted.osFeatures.allSatisfy(mine.osFeatures.contains),
            mine.hasVersion(wanted.osVersion)
        else { return nil }
        return wanted.compatible.firstIndex {
            $0.architecture == mine.architecture && $0.variant == mine.variant
        }
    }

    /// Whether an image of this platform runs on the platform `wanted`.
    public func satisfies(_ wanted: Platform) -> Bool { rank(for: wanted) != nil }

    private func hasVersion(_ wanted: String?) -> Bool {
        guard let wanted, !wanted.isEmpty else { return true }
        let parts = wanted.split(separator: ".").prefix(3)
        return (osVersion ?? "").split(separator: ".").prefix(parts.count).elementsEqual(parts)
    }

    /// The variants of arm64 that a machine of this variant runs too, the best first: v9.0 is an
    /// extension of v8.5, v9.1 of v8.6, and so on.
    private var olderVariants: [String?] {
        guard let variant else { return [] }
        let numbers = variant.dropFirst().split(separator: ".").map { UInt8($0) ?? 0 }
        let minor = numbers.count > 1 ? min(Int(numbers[1]), 9) : 0
        var result: [String?] = []
        if variant.hasPrefix("v9") {
            result += (0..<minor).reversed().map { $0 == 0 ? "v9" : "v9.\($0)" }
            result += (1...min(minor + 5, 9)).reversed().map { "v8.\($0)" }
        } else if variant.hasPrefix("v8"), minor > 1 {
            result += (1..<minor).reversed().map { "v8.\($0)" }
        }
        return result + [nil]
    }

    /// Platforms whose images run on a machine of this normalized platform, the best first.
    private var compatible: [(architecture: String, variant: String?)] {
        let number = variant.flatMap { $0.hasPrefix("v") ? Int($0.dropFirst()) : nil }
        var result: [(architecture: String, variant: String?)] = [(architecture, variant)]
        switch architecture {
        case "amd64":
            if let number, (2...9).contains(number) {
                for older in (1..<number).reversed() {
                    result.append(("amd64", older == 1 ? nil : "v\(older)"))
                }
            }
            result.append(("386", nil))
        case "arm":
            if let number, (6...9).contains(number) {
                for older in (5..<number).reversed() { result.append(("arm", "v\(older)")) }
            }
        case "arm64":
            result += olderVariants.map { ("arm64", $0) }
            for older in (5...8).reversed() { result.append(("arm", "v\(older)")) }
        default: break
        }
        return result
    }
}
