import JSON
import OCI

extension RegistryRepository {
    /// The most pages that are read of any list.
    private static let pageLimit = 10_000

    /// The most bytes that a page has, and that all pages of a list have together.
    private static let pageByteLimit = 16 << 20
    private static let listByteLimit = 256 << 20

    /// All tags, in the registry's order.
    ///
    /// - Spec: distribution-spec v1.1, Listing Tags.
    public func tags() throws -> [String] {
        var tags: [String] = []
        try pages(from: try call("GET", "tags/list")) { _, document in
            if let page = try document.member("tags") {
                for tag in try page.elements() { tags.append(try tag.string()) }
            }
            return true
        }
        return tags
    }

    /// The manifests that have `digest` as their subject.
    ///
    /// - Parameter artifactType: only those of this type.
    /// - Returns: nil when the registry does not have this list.
    /// - Spec: distribution-spec v1.1, Listing Referrers.
    public func referrers(of digest: Digest, artifactType: String?) throws -> Index? {
        let query = artifactType.map { "?artifactType=\(percentEncoded($0))" } ?? ""
        var found: [Descriptor] = []
        var isThere = false
        try pages(from: try call("GET", "referrers/\(digest)\(query)")) { response, document in
            if response.status == 404 { return false }
            isThere = true
            let index = try Index(document)
            let isFiltered = response.headers.all("OCI-Filters-Applied").contains {
                $0.split(whereSeparator: { $0 == "," || $0 == " " }).contains("artifactType")
            }
            found += index.manifests.filter { manifest in
                isFiltered || manifest.isArtifact(of: artifactType)
            }
            return true
        }
        return isThere ? Index(manifests: found) : nil
    }

    /// Reads a list page by page, as `Link` leads.
    ///
    /// - Parameter take: takes a page; false when it is no list. Given a 404 with an empty document.
    private func pages(
        from first: RegistryCall, _ take: (HTTPResponse, JSONField) throws -> Bool
    ) throws {
        var call = first
        var seen: Set<HTTPURL> = []
        var byteCount = 0
        while seen.count < RegistryRepository.pageLimit,
            byteCount <= RegistryRepository.listByteLimit
        {
            seen.insert(call.request.url)
            call.request.bodyLimit = RegistryRepository.pageByteLimit
            let response = try client.send(call)
            if response.status == 404, seen.count == 1,
                try !take(response, JSONField(.object(JSONObject())))
            {
                return
            }
            guard response.status == 200 else { throw client.refusal(call, response) }
            byteCount += response.body.count
            do {
                guard !response.bodyIsCut else { throw JSONError.syntax(offset: 0, "too large") }
                _ = try take(response, JSONField(JSON.parse(response.body)))
            } catch let error as JSONError {
                throw client.violation(call.request, error.text)
            }
            guard let link = HeaderValue.link(response.headers.all("Link"), relation: "next") else {
                return
            }
            guard let next = call.request.url.resolving(link)?.keepingTLS(of: call.request.url),
                !seen.contains(next)
            else { throw client.violation(call.request, "a link that leads nowhere") }
            call.request.url = next
        }
        throw client.violation(call.request, "a list without an end")
    }
}
