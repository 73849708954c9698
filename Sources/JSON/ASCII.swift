/// Classes of ASCII characters. Every other byte is in none of them.
extension UInt8 {
    /// `0` to `9`.
    package var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    /// `a` to `z`.
    package var isSmallLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }

    /// `A` to `Z`.
    package var isCapitalLetter: Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) }

    package var isLetter: Bool { isSmallLetter || isCapitalLetter }

    /// A letter or digit.
    package var isAlphanumeric: Bool { isDigit || isLetter }

    /// `0` to `9` and `a` to `f`, as digests are written.
    package var isSmallHexadecimal: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self)
    }

    /// The same, and `A` to `F`.
    package var isHexadecimal: Bool {
        isSmallHexadecimal || (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(self)
    }
}
