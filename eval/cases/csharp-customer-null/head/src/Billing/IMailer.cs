using System.Threading.Tasks;

namespace Contoso.Billing
{
    public interface IMailer
    {
        Task SendAsync(string address, string subject);
    }
}
