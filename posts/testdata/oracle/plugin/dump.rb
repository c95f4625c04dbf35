# frozen_string_literal: true

require "json"

# Writes what Jekyll knows of every post before anything is rendered.
class Dump < Jekyll::Generator
  include Jekyll::Filters::URLFilters

  # Jekyll sometimes takes the machine's own path for part of an address, which
  # is another one in every checkout.
  def nameless(site, address)
    address.sub(/#{Regexp.escape(site.source)}/i, "/SOURCE")
  end

  def nameless_list(site, names)
    own = site.source.split("/").drop(1)
    names.take(own.size) == own ? ["SOURCE"] + names.drop(own.size) : names
  end

  def generate(site)
    @context = Liquid::Context.new({}, {}, :site => site)
    dump = site.posts.docs.sort.reverse.map do |post|
      {
        :path       => post.path.delete_prefix("#{site.source}/"),
        :url        => nameless(site, post.url),
        :date       => post.date.strftime("%Y-%m-%dT%H:%M:%S%:z"),
        :categories => nameless_list(site, post.data["categories"]),
        :tags       => post.data["tags"],
        :title      => post.data["title"].to_s,
        :id         => nameless(site, absolute_url(post.id)),
      }
    end
    File.write(ENV.fetch("ORACLE_OUT"), JSON.pretty_generate(dump) + "\n")
  end
end
