# frozen_string_literal: true

require "json"

# Writes what Jekyll knows of every post before anything is rendered.
class Dump < Jekyll::Generator
  include Jekyll::Filters::URLFilters

  def generate(site)
    @context = Liquid::Context.new({}, {}, :site => site)
    dump = site.posts.docs.sort.reverse.map do |post|
      {
        :path       => post.path.delete_prefix("#{site.source}/"),
        :url        => post.url,
        :date       => post.date.strftime("%Y-%m-%dT%H:%M:%S%:z"),
        :categories => post.data["categories"],
        :tags       => post.data["tags"],
        :title      => post.data["title"].to_s,
        :id         => absolute_url(post.id),
      }
    end
    File.write(ENV.fetch("ORACLE_OUT"), JSON.pretty_generate(dump) + "\n")
  end
end
