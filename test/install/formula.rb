# Plays Homebrew for one formula: what it would download on each platform, then its install, its service and its test, below a folder.
#
#   ruby formula.rb FORMULA EXECUTABLE FOLDER     prints JSON
require "json"
require "fileutils"
require "pathname"
require "socket"

FORMULA, EXECUTABLE, FOLDER = ARGV
PREFIX = Pathname(FOLDER)

class Pathname
  # As Homebrew's: files by name, or by name and new name; in `etc` what is there is kept.
  def install(*what)
    mkpath
    what.flat_map { |each| each.is_a?(Hash) ? each.to_a : [[each, File.basename(each)]] }.each do |from, to|
      target = self/to
      target = self/"#{to}.default" if self == PREFIX/"etc" && target.exist?
      FileUtils.cp from, target
      target.chmod 0755 if self == PREFIX/"bin"
    end
  end
end

class Service
  attr_reader :said
  def initialize = @said = {}
  def opt_bin = PREFIX/"bin"
  def etc = PREFIX/"etc"
  def var = PREFIX/"var"
  %i[run keep_alive working_dir log_path error_log_path].each { |name| define_method(name) { |value| @said[name] = value } }
end

class Formula
  class << self
    attr_reader :said, :downloads, :tested, :served
    %i[desc homepage version license].each { |name| define_method(name) { |value| (@said ||= {})[name] = value } }
    %i[macos linux arm intel].each { |name| define_method("on_#{name}") { |&block| (@on ||= []).push(name); block.call; @on.pop } }
    def url(value) = (@downloads ||= {})[@on.join("-")] = [value]
    def sha256(value) = @downloads[@on.join("-")].push(value)
    def service(&block) = @served = block
    def test(&block) = @tested = block
  end

  def bin = PREFIX/"bin"
  def etc = PREFIX/"etc"
  def var = PREFIX/"var"
  def buildpath = PREFIX/"build"
  def testpath = PREFIX/"test"
  def free_port = TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }
  def shell_output(command) = `#{command}`.tap { raise "#{command} ended with #{$?.exitstatus}" unless $?.success? }
  def assert_equal(wanted, got) = wanted == got || raise("#{got.inspect} where #{wanted.inspect} was expected")
  def spawn(*words) = Process.spawn(*words.map(&:to_s), out: File::NULL, err: File::NULL)
end

load FORMULA
formula = Replicant.new
[formula.buildpath, formula.testpath].each(&:mkpath)
FileUtils.cp EXECUTABLE, formula.buildpath/"replicant-linux-x64"
2.times { Dir.chdir(formula.buildpath) { formula.install } }
formula.instance_eval(&Replicant.tested)
service = Service.new.tap { |each| each.instance_eval(&Replicant.served) }
puts JSON.generate(said: Replicant.said, downloads: Replicant.downloads, service: service.said,
                   files: Dir.glob("{bin,etc,var}/**/*", base: FOLDER).sort, configuration: (formula.etc/"replicant.conf").read)
